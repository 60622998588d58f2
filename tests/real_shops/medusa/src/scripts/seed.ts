// The known data of the release check. Run once on a migrated, empty database;
// the promotions come last, and start_medusa.sh takes DRAFT as the sign that all is there.
import { ExecArgs } from "@medusajs/framework/types"
import {
  ContainerRegistrationKeys,
  Modules,
  ProductStatus,
  PromotionStatus,
} from "@medusajs/framework/utils"
import {
  createApiKeysWorkflow,
  createInventoryLevelsWorkflow,
  createProductCategoriesWorkflow,
  createProductsWorkflow,
  createPromotionsWorkflow,
  createRegionsWorkflow,
  createSalesChannelsWorkflow,
  createShippingOptionsWorkflow,
  createShippingProfilesWorkflow,
  createStockLocationsWorkflow,
  createTaxRegionsWorkflow,
  linkSalesChannelsToApiKeyWorkflow,
  linkSalesChannelsToStockLocationWorkflow,
  updateStoresWorkflow,
} from "@medusajs/medusa/core-flows"

const COUNTRY = "de"
const CURRENCY = "eur"
const TAX_PERCENT = 25
const SHIPPING = 10
const PRODUCTS = 130
const BATCH = 50
const PLENTY = 1_000_000
const SIZES = ["Small", "Medium", "Large"]
const CATEGORIES = ["Shirts", "Shoes", "Pants", "Merch"]

// Every twentieth item comes in three sizes, each a unit dearer than the one before.
const sizesOf = (n: number) => (n % 20 === 0 ? SIZES : ["One"])
const priceOf = (n: number, size: number) => Number(`${n + size}.99`)
const skuOf = (n: number, size: string) => `ITEM-${n}-${size.toUpperCase()}`
const SCARCE = skuOf(1, "One")

export default async function seed({ container }: ExecArgs) {
  const logger = container.resolve(ContainerRegistrationKeys.LOGGER)
  const link = container.resolve(ContainerRegistrationKeys.LINK)
  const query = container.resolve(ContainerRegistrationKeys.QUERY)
  const fulfillment = container.resolve(Modules.FULFILLMENT)
  const stores = container.resolve(Modules.STORE)

  const [store] = await stores.listStores()
  const { result: channels } = await createSalesChannelsWorkflow(container).run({
    input: { salesChannelsData: [{ name: "Cartload" }] },
  })
  const channel = channels[0]
  if (store) {
    await updateStoresWorkflow(container).run({
      input: {
        selector: { id: store.id },
        update: {
          supported_currencies: [{ currency_code: CURRENCY, is_default: true }],
          default_sales_channel_id: channel.id,
        },
      },
    })
  }

  const { result: keys } = await createApiKeysWorkflow(container).run({
    input: { api_keys: [{ title: "Cartload", type: "publishable", created_by: "" }] },
  })
  await linkSalesChannelsToApiKeyWorkflow(container).run({
    input: { id: keys[0].id, add: [channel.id] },
  })

  const { result: regions } = await createRegionsWorkflow(container).run({
    input: {
      regions: [
        {
          name: "Europe",
          currency_code: CURRENCY,
          countries: [COUNTRY],
          payment_providers: ["pp_system_default"],
        },
      ],
    },
  })
  await createTaxRegionsWorkflow(container).run({
    input: [
      {
        country_code: COUNTRY,
        provider_id: "tp_system",
        default_tax_rate: { name: "VAT", code: "vat", rate: TAX_PERCENT },
      },
    ],
  })

  const { result: locations } = await createStockLocationsWorkflow(container).run({
    input: {
      locations: [
        {
          name: "Warehouse",
          address: { city: "Town", country_code: COUNTRY.toUpperCase(), address_1: "" },
        },
      ],
    },
  })
  const location = locations[0]
  await linkSalesChannelsToStockLocationWorkflow(container).run({
    input: { id: location.id, add: [channel.id] },
  })

  const { result: profiles } = await createShippingProfilesWorkflow(container).run({
    input: { data: [{ name: "Default", type: "default" }] },
  })
  const fulfillmentSet = await fulfillment.createFulfillmentSets({
    name: "Delivery",
    type: "shipping",
    service_zones: [
      { name: "Europe", geo_zones: [{ country_code: COUNTRY, type: "country" }] },
    ],
  })
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_provider_id: "manual_manual" },
  })
  await link.create({
    [Modules.STOCK_LOCATION]: { stock_location_id: location.id },
    [Modules.FULFILLMENT]: { fulfillment_set_id: fulfillmentSet.id },
  })
  await createShippingOptionsWorkflow(container).run({
    input: [
      {
        name: "Standard",
        price_type: "flat",
        provider_id: "manual_manual",
        service_zone_id: fulfillmentSet.service_zones[0].id,
        shipping_profile_id: profiles[0].id,
        type: { label: "Standard", description: "In 2 or 3 days.", code: "standard" },
        prices: [
          { currency_code: CURRENCY, amount: SHIPPING },
          { region_id: regions[0].id, amount: SHIPPING },
        ],
        rules: [
          { attribute: "enabled_in_store", value: "true", operator: "eq" },
          { attribute: "is_return", value: "false", operator: "eq" },
        ],
      },
    ],
  })

  const { result: categories } = await createProductCategoriesWorkflow(container).run({
    input: {
      product_categories: CATEGORIES.map((name) => ({ name, is_active: true })),
    },
  })
  const product = (n: number) => ({
    title: `Item ${n}`,
    handle: `item-${n}`,
    status: ProductStatus.PUBLISHED,
    category_ids: [categories[n % categories.length].id],
    shipping_profile_id: profiles[0].id,
    sales_channels: [{ id: channel.id }],
    options: [{ title: "Size", values: sizesOf(n) }],
    variants: sizesOf(n).map((size, place) => ({
      title: size,
      sku: skuOf(n, size),
      manage_inventory: true,
      options: { Size: size },
      prices: [{ currency_code: CURRENCY, amount: priceOf(n, place) }],
    })),
  })
  const numbers = Array.from({ length: PRODUCTS }, (_, at) => at + 1)
  for (let from = 0; from < PRODUCTS; from += BATCH) {
    const products = numbers.slice(from, from + BATCH).map(product)
    await createProductsWorkflow(container).run({ input: { products } })
    logger.info(`products: ${from + products.length} of ${PRODUCTS}`)
  }

  const { data: items } = await query.graph({
    entity: "inventory_item",
    fields: ["id", "sku"],
  })
  await createInventoryLevelsWorkflow(container).run({
    input: {
      inventory_levels: items.map((item) => ({
        inventory_item_id: item.id,
        location_id: location.id,
        stocked_quantity: item.sku === SCARCE ? 1 : PLENTY,
      })),
    },
  })

  const tenPercent = {
    type: "percentage" as const,
    target_type: "items" as const,
    allocation: "across" as const,
    value: 10,
    currency_code: CURRENCY,
  }
  await createPromotionsWorkflow(container).run({
    input: {
      promotionsData: [
        {
          code: "TEN",
          type: "standard",
          status: PromotionStatus.ACTIVE,
          application_method: tenPercent,
        },
        {
          code: "FIVE",
          type: "standard",
          status: PromotionStatus.ACTIVE,
          application_method: { ...tenPercent, type: "fixed", value: 5 },
          rules: [{ attribute: "item_total", operator: "gte", values: ["100"] }],
        },
        {
          code: "DRAFT",
          type: "standard",
          status: PromotionStatus.DRAFT,
          application_method: tenPercent,
        },
      ],
    },
  })
  logger.info(`seeded ${PRODUCTS} products, ${items.length} variants, 3 promotions`)
}
