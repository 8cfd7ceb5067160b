# Everything Rekey knows. The names are those of shared/store/names.go; access.tf says who may do what with each.

variable "ledger_days" {
  description = "Days for which an entry of the ledger can be neither changed nor deleted, by anybody; appending goes on. The policy is not locked by the plan: lock it when you are sure (az storage container immutability-policy lock), there is no way back."
  type        = number
  default     = 400
  validation {
    condition     = var.ledger_days >= 1 && var.ledger_days <= 146000
    error_message = "1 to 146000 days."
  }
}

variable "deleted_days" {
  description = "Days for which deleted blobs of the state account can be brought back."
  type        = number
  default     = 30
  validation {
    condition     = var.deleted_days >= 1 && var.deleted_days <= 365
    error_message = "1 to 365 days."
  }
}

locals {
  tables     = toset(flatten([for app in values(local.access) : keys(app.tables)]))
  queues     = toset(flatten([for app in values(local.access) : keys(app.queues)]))
  containers = toset(flatten([for app in values(local.access) : keys(app.containers)]))
  # Where the Functions host puts messages that failed too often. They are made here, so that no app needs to make queues.
  poison = toset([for q in local.queues : "${q}-poison"])
}

resource "azapi_resource" "state" {
  type      = "Microsoft.Storage/storageAccounts@2023-05-01"
  parent_id = azapi_resource.group.id
  name      = local.state_name
  location  = var.location
  tags      = var.tags
  body = {
    kind       = "StorageV2"
    sku        = { name = var.redundancy }
    properties = local.account
  }
}

# The service is there as soon as the account is: it is changed, not made.
resource "azapi_update_resource" "state_blobs" {
  type      = "Microsoft.Storage/storageAccounts/blobServices@2023-05-01"
  parent_id = azapi_resource.state.id
  name      = "default"
  body = {
    properties = {
      deleteRetentionPolicy          = { enabled = true, days = var.deleted_days }
      containerDeleteRetentionPolicy = { enabled = true, days = var.deleted_days }
    }
  }
}

resource "azapi_resource" "table" {
  for_each  = local.tables
  type      = "Microsoft.Storage/storageAccounts/tableServices/tables@2023-05-01"
  parent_id = "${azapi_resource.state.id}/tableServices/default"
  name      = each.key
  body      = {}
}

resource "azapi_resource" "queue" {
  for_each  = setunion(local.queues, local.poison)
  type      = "Microsoft.Storage/storageAccounts/queueServices/queues@2023-05-01"
  parent_id = "${azapi_resource.state.id}/queueServices/default"
  name      = each.key
  body      = {}
}

resource "azapi_resource" "container" {
  for_each  = local.containers
  type      = "Microsoft.Storage/storageAccounts/blobServices/containers@2023-05-01"
  parent_id = "${azapi_resource.state.id}/blobServices/default"
  name      = each.key
  body      = { properties = { publicAccess = "None" } }
}

# A request of its own: whether a container that never had a policy answers 404 is not documented, and a resource that seems to
# be there is refused. A change of the days needs the policy's ETag: az storage container immutability-policy extend.
resource "azapi_resource_action" "ledger_policy" {
  type        = "Microsoft.Storage/storageAccounts/blobServices/containers/immutabilityPolicies@2023-05-01"
  resource_id = "${azapi_resource.container["ledger"].id}/immutabilityPolicies/default"
  method      = "PUT"
  body = {
    properties = {
      immutabilityPeriodSinceCreationInDays = var.ledger_days
      allowProtectedAppendWrites            = true
    }
  }
}
