# Two vaults of Rekey's own: one that respond makes new certificates in, whose keys never leave it, and one that holds the
# settings which are secret. Both are purge-protected: whoever wants to be rid of a certificate cannot.

variable "vault_api_version" {
  description = "Version of the Key Vault management API. Those before 2026-02-01 retire on 27 February 2027; 2023-07-01 is the newest that this version of azapi has a schema of, and is what `make check-deploy` checks with."
  type        = string
  default     = "2026-02-01"
  validation {
    condition     = contains(["2023-07-01", "2026-02-01"], var.vault_api_version)
    error_message = "2023-07-01 or 2026-02-01."
  }
}

variable "certificate_vault_id" {
  description = "Id of a vault (with Azure RBAC) for new certificates that exists already, instead of a new one. No principal that Rekey may have to change should be able to read or grant anything in it."
  type        = string
  default     = null
  validation {
    condition     = var.certificate_vault_id == null || can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.KeyVault/vaults/[^/]+$", var.certificate_vault_id))
    error_message = "The id of a vault is expected, like /subscriptions/<id>/resourceGroups/<name>/providers/Microsoft.KeyVault/vaults/<name>."
  }
}

locals {
  vault_names = merge(
    { settings = "${var.name}-set-${local.unique}" },
    var.certificate_vault_id == null ? { certificates = "${var.name}-${local.unique}" } : {},
  )
  made_vault_id     = { for key, name in local.vault_names : key => "${local.group_id}/providers/Microsoft.KeyVault/vaults/${name}" }
  settings_vault_id = local.made_vault_id["settings"]
  vault_id          = var.certificate_vault_id == null ? local.made_vault_id["certificates"] : var.certificate_vault_id
  vault_name        = reverse(split("/", local.vault_id))[0]
  hash_key_uri      = "https://${local.vault_names["settings"]}.vault.azure.net/secrets/hash-key"
}

resource "azapi_resource" "vault" {
  for_each                  = local.vault_names
  type                      = "Microsoft.KeyVault/vaults@${var.vault_api_version}"
  parent_id                 = azapi_resource.group.id
  name                      = each.value
  location                  = var.location
  tags                      = var.tags
  schema_validation_enabled = var.vault_api_version == "2023-07-01"
  body = {
    properties = {
      tenantId                  = var.tenant_id
      sku                       = { family = "A", name = "standard" }
      enableRbacAuthorization   = true
      enableSoftDelete          = true
      enablePurgeProtection     = true
      softDeleteRetentionInDays = 90
      publicNetworkAccess       = local.private ? "Disabled" : "Enabled"
      networkAcls               = { bypass = "None", defaultAction = local.private ? "Deny" : "Allow" }
    }
  }
}
