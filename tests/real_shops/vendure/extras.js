// What the sample catalogue lacks, over the admin API: promotions and scarce stock.
const { JobQueueService, bootstrap } = require('@vendure/core');
const { filling } = require('./config');

const PLENTY = 100_000;
const SCARCE_VARIANT = '5';
const { hostname, adminApiPath } = filling.apiOptions;
const { identifier, password } = filling.authOptions.superadminCredentials;

let address;
let token;

async function admin(query, variables = {}) {
    const answer = await fetch(address, {
        method: 'POST',
        headers: {
            'content-type': 'application/json',
            ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify({ query, variables }),
    });
    token = answer.headers.get('vendure-auth-token') ?? token;
    const { data, errors } = await answer.json();
    const refused = Object.values(data ?? {}).find(part => part?.errorCode);
    if (errors || refused) throw new Error(JSON.stringify(errors ?? refused));
    return data;
}

const arg = (name, value) => ({ name, value: String(value) });
const operation = (code, ...args) => ({ code, arguments: args });
const tenPercent = operation('order_percentage_discount', arg('discount', 10));

const PROMOTIONS = [
    { couponCode: 'TEN', conditions: [], actions: [tenPercent] },
    {
        couponCode: 'MIN500',
        conditions: [
            operation('minimum_order_amount', arg('amount', 50_000), arg('taxInclusive', true)),
        ],
        actions: [operation('order_fixed_discount', arg('discount', 500))],
    },
    {
        couponCode: 'OLD',
        startsAt: '2020-01-01T00:00:00Z',
        endsAt: '2020-12-31T00:00:00Z',
        conditions: [],
        actions: [tenPercent],
    },
];

async function main() {
    const app = await bootstrap(filling);
    await app.get(JobQueueService).start();
    const { port } = app.getHttpServer().address();
    address = `http://${hostname}:${port}/${adminApiPath}`;
    await admin(
        `mutation ($name: String!, $password: String!) {
            login(username: $name, password: $password) {
                __typename ... on ErrorResult { errorCode message } } }`,
        { name: identifier, password },
    );

    await admin(
        `mutation ($input: UpdateGlobalSettingsInput!) {
            updateGlobalSettings(input: $input) {
                __typename ... on ErrorResult { errorCode message } } }`,
        { input: { trackInventory: true, outOfStockThreshold: 0 } },
    );
    const { stockLocations } = await admin('{ stockLocations { items { id } } }');
    const { productVariants } = await admin(
        '{ productVariants(options: { take: 1000 }) { items { id } } }',
    );
    await admin(
        `mutation ($input: [UpdateProductVariantInput!]!) {
            updateProductVariants(input: $input) { id } }`,
        {
            input: productVariants.items.map(({ id }) => ({
                id,
                trackInventory: 'INHERIT',
                useGlobalOutOfStockThreshold: true,
                stockLevels: [
                    {
                        stockLocationId: stockLocations.items[0].id,
                        stockOnHand: id === SCARCE_VARIANT ? 1 : PLENTY,
                    },
                ],
            })),
        },
    );
    for (const promotion of PROMOTIONS) {
        await admin(
            `mutation ($input: CreatePromotionInput!) {
                createPromotion(input: $input) {
                    __typename ... on ErrorResult { errorCode message } } }`,
            {
                input: {
                    ...promotion,
                    enabled: true,
                    translations: [{ languageCode: 'en', name: promotion.couponCode }],
                },
            },
        );
    }
    const variants = productVariants.items.length;
    console.log(`${variants} variants stocked, ${PROMOTIONS.length} promotions made`);
    await app.close();
}

main()
    .then(() => process.exit(0))
    .catch(error => {
        console.error(error);
        process.exit(1);
    });
