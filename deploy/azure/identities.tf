# One identity an app. They are user-assigned, so that an app can be made anew without losing what the identity may do,
# and so that the Graph permissions can be granted before anything runs.

variable "identities" {
  description = "User-assigned identities that exist already, by app (detect, face, respond), instead of new ones: for whoever may not grant Graph permissions in the same go."
  type        = map(object({ id = string, principal_id = string, client_id = string }))
  default     = {}
  validation {
    condition     = alltrue([for app in keys(var.identities) : contains(["detect", "face", "respond"], app)])
    error_message = "The apps are detect, face and respond."
  }
  validation {
    condition     = length(distinct([for i in values(var.identities) : i.client_id])) == length(var.identities)
    error_message = "Each app needs an identity of its own: one that two share would hold the keys and face the network."
  }
}

resource "azapi_resource" "identity" {
  for_each               = setsubtract(local.apps, keys(var.identities))
  type                   = "Microsoft.ManagedIdentity/userAssignedIdentities@2023-01-31"
  parent_id              = azapi_resource.group.id
  name                   = "${var.name}-${each.key}"
  location               = var.location
  tags                   = var.tags
  body                   = {}
  response_export_values = ["properties.principalId", "properties.clientId"]
}

locals {
  identity = {
    for app in local.apps : app => contains(keys(var.identities), app) ? var.identities[app] : {
      id           = "${local.group_id}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/${var.name}-${app}"
      principal_id = azapi_resource.identity[app].output.properties.principalId
      client_id    = azapi_resource.identity[app].output.properties.clientId
    }
  }
}
