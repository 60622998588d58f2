import { defineConfig } from "@medusajs/framework/utils"

// A server for checks on loopback: the secrets guard nothing.
module.exports = defineConfig({
  admin: { disable: true },
  projectConfig: {
    databaseUrl: process.env.DATABASE_URL,
    databaseDriverOptions: { ssl: false, connection: { ssl: false } },
    http: {
      storeCors: "http://127.0.0.1",
      adminCors: "http://127.0.0.1",
      authCors: "http://127.0.0.1",
      jwtSecret: "not-a-secret",
      cookieSecret: "not-a-secret",
    },
  },
})
