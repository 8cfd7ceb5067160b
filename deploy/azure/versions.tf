# The versions that `make check-deploy` checks with. azapi carries Azure's own API schemas: with this version a plan that
# passes is typed right.
terraform {
  required_version = ">= 1.8"
  required_providers {
    azapi = {
      source  = "Azure/azapi"
      version = "1.15.0"
    }
  }
}

provider "azapi" {
  subscription_id            = var.subscription_id
  tenant_id                  = var.tenant_id
  skip_provider_registration = var.skip_provider_registration
}
