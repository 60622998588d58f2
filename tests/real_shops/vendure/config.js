// A server for checks on loopback, PostgreSQL's client.
const {
    DefaultJobQueuePlugin,
    DefaultLogger,
    DefaultSearchPlugin,
    LogLevel,
    dummyPaymentHandler,
} = require('@vendure/core');

/** @type {import('@vendure/core').VendureConfig} */
exports.config = {
    apiOptions: {
        hostname: '127.0.0.1',
        port: Number(process.env.CARTLOAD_VENDURE_PORT || 8490),
        adminApiPath: 'admin-api',
        shopApiPath: 'shop-api',
    },
    authOptions: {
        tokenMethod: ['bearer', 'cookie'],
        requireVerification: false,
        superadminCredentials: { identifier: 'superadmin', password: 'superadmin' },
        cookieOptions: { secret: 'not-a-secret' },
    },
    dbConnectionOptions: {
        type: 'postgres',
        host: process.env.PGHOST || '127.0.0.1',
        port: Number(process.env.PGPORT || 5432),
        username: process.env.PGUSER || 'postgres',
        password: process.env.PGPASSWORD,
        database: process.env.CARTLOAD_VENDURE_DB || 'cartload_vendure',
        synchronize: true,
        logging: false,
    },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    logger: new DefaultLogger({ level: LogLevel.Error }),
    plugins: [
        DefaultJobQueuePlugin.init({ useDatabaseForBuffer: true }),
        DefaultSearchPlugin.init({ bufferUpdates: false, indexStockStatus: true }),
    ],
};

// To fill the database: at any free port, so that the server's own answers only once all is there.
exports.filling = { ...exports.config, apiOptions: { ...exports.config.apiOptions, port: 0 } };
