# Storage accounts: one that the Functions host of each app keeps its leases, checkpoints, keys and package in, and one for
# state. An app that could write another's host account would replace its code, so none has any role on another's.

variable "redundancy" {
  description = "Redundancy of the storage accounts: Standard_ZRS outlives a data centre, Standard_LRS does not, Standard_GZRS copies to another region, too."
  type        = string
  default     = "Standard_ZRS"
  validation {
    condition     = contains(["Standard_LRS", "Standard_ZRS", "Standard_GRS", "Standard_GZRS"], var.redundancy)
    error_message = "Standard_LRS, Standard_ZRS, Standard_GRS or Standard_GZRS."
  }
}

locals {
  # No keys, no public blobs, and only the network that is asked for.
  account = {
    accessTier                   = "Hot"
    allowBlobPublicAccess        = false
    allowSharedKeyAccess         = false
    allowCrossTenantReplication  = false
    defaultToOAuthAuthentication = true
    minimumTlsVersion            = "TLS1_2"
    supportsHttpsTrafficOnly     = true
    publicNetworkAccess          = local.private ? "Disabled" : "Enabled"
    networkAcls                  = { bypass = "None", defaultAction = local.private ? "Deny" : "Allow" }
  }
}

resource "azapi_resource" "host" {
  for_each  = local.apps
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  parent_id = azapi_resource.group.id
  name      = local.host_account_name[each.key]
  location  = var.location
  tags      = var.tags
  body = {
    kind       = "StorageV2"
    sku        = { name = var.redundancy }
    properties = local.account
  }
}

# The package of an app. Flex Consumption takes it from here at every start.
resource "azapi_resource" "package" {
  for_each  = local.apps
  type      = "Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01"
  parent_id = "${azapi_resource.host[each.key].id}/blobServices/default"
  name      = "packages"
  body      = { properties = { publicAccess = "None" } }
}
