# Which logs are sent to the hubs. Those of Entra (sign-ins, audit, Graph activity, risk) are settings of the tenant, which no
# role of a subscription can write: `rekey setup` writes them, with the values of the output entra_diagnostics.

variable "vaults" {
  description = "Vaults whose reads are watched, by a short name: id and region. What is not named here is not seen: for vaults beyond it, use an Azure Policy that sends AuditEvent to the same hub."
  type        = map(object({ id = string, location = string }))
  default     = {}
  validation {
    condition = alltrue([for v in values(var.vaults) :
      can(regex("^/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft.KeyVault/vaults/[^/]+$", v.id)) && can(regex("^[a-z0-9]+$", v.location))
    ])
    error_message = "The id of a vault and the short name of its region are expected."
  }
  validation {
    condition     = length(distinct([for v in values(var.vaults) : v.location])) <= 9
    error_message = "Vaults of more than nine regions: watch them by several deployments."
  }
}

variable "subscriptions" {
  description = "Ids (GUIDs) of the subscriptions whose activity log is watched."
  type        = set(string)
  default     = []
  validation {
    condition     = alltrue([for id in var.subscriptions : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "GUIDs in lower case are expected."
  }
}

locals {
  own_vaults = { for key, id in local.made_vault_id : "rekey-${key}" => { id = id, location = var.location } }
}

# Rekey's own vaults are watched like the others.
resource "azapi_resource" "vault_logs" {
  for_each  = merge(var.vaults, local.own_vaults)
  type      = "Microsoft.Insights/diagnosticSettings@2021-05-01-preview"
  parent_id = each.value.id
  name      = var.name
  body = {
    properties = {
      eventHubAuthorizationRuleId = local.rule_id[each.value.location]
      eventHubName                = one([for hub in local.hubs : hub.name if hub.stream == "vaultlogs" && local.region_of[hub.namespace] == each.value.location])
      logs                        = [{ category = "AuditEvent", enabled = true }]
    }
  }
  depends_on = [azapi_resource.hub, azapi_resource.rule, azapi_resource.vault]
}

resource "azapi_resource" "activity_logs" {
  for_each  = setunion(var.subscriptions, [var.subscription_id])
  type      = "Microsoft.Insights/diagnosticSettings@2021-05-01-preview"
  parent_id = "/subscriptions/${each.key}"
  name      = var.name
  body = {
    properties = {
      eventHubAuthorizationRuleId = local.rule_id[var.location]
      eventHubName                = local.hubs["activitylogs"].name
      logs                        = [{ category = "Administrative", enabled = true }]
    }
  }
  depends_on = [azapi_resource.hub, azapi_resource.rule]
}

locals {
  region_of = merge({ main = var.location }, local.namespaces)

  # What Entra's setting sends where: the categories that shared/entralog reads.
  entra_logs = {
    signins    = ["ServicePrincipalSignInLogs", "ManagedIdentitySignInLogs", "SignInLogs", "NonInteractiveUserSignInLogs"]
    auditlogs  = ["AuditLogs"]
    graphlogs  = ["MicrosoftGraphActivityLogs", "AzureADGraphActivityLogs"]
    riskevents = ["ServicePrincipalRiskEvents", "RiskyServicePrincipals"]
  }
}
