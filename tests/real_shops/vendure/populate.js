// The sample catalogue that @vendure/create ships, without its pictures, into an empty database.
const fs = require('fs');
const path = require('path');
const { JobQueueService, bootstrap } = require('@vendure/core');
const { populate } = require('@vendure/core/cli');
const { filling } = require('./config');

const PICTURES = /[\w-]+\.(jpe?g|png)\|?/g;
const asset = name => path.join(__dirname, 'assets', name);
const problems = path.join(__dirname, 'vendure-import-error.log');

async function start() {
    const app = await bootstrap(filling);
    await app.get(JobQueueService).start();
    return app;
}

async function main() {
    fs.rmSync(problems, { force: true });
    const initial = JSON.parse(fs.readFileSync(asset('initial-data.json'), 'utf8'));
    for (const collection of initial.collections) delete collection.assetPaths;
    const products = path.join(__dirname, 'products.csv');
    const rows = fs.readFileSync(asset('products.csv'), 'utf8').replace(PICTURES, '');
    fs.writeFileSync(products, rows);

    const app = await populate(start, initial, products);
    await app.close();
    if (fs.existsSync(problems)) throw new Error(fs.readFileSync(problems, 'utf8'));
}

main()
    .then(() => process.exit(0))
    .catch(error => {
        console.error(error);
        process.exit(1);
    });
