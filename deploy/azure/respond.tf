# What respond may do to what is not Rekey's: nothing, unless a kind of act is named here with the scopes it is for. Each kind is
# a role of its own with exactly the actions that the code calls (docs/permissions.md), so that a grant can be read aloud.
#
# What it may do in Entra are permissions of Microsoft Graph, which no plan for Azure grants: `rekey setup`.

variable "acts" {
  description = <<-EOT
    What respond may do in Azure, by kind of act, with the scopes (management groups, subscriptions, resource groups, vaults) it is for:
    look: find the vaults, roles and resources that a principal reaches. Without it plans say that these are unknown.
    cut_vaults: take away roles and access policies. Rights to remove roles reach everybody's roles there.
    restore_vaults: give them back (undo). Whoever may assign roles may assign any: think twice.
    federated: remove federated credentials of managed identities. detach: take managed identities off resources.
    secrets: read names of, write new versions of and disable secrets. keys: read and regenerate keys of resources.
    certificates: make new versions of certificates and disable old ones, where secrets are rotated that belong to them.
  EOT
  type        = map(set(string))
  default     = {}
  validation {
    condition     = alltrue([for act in keys(var.acts) : contains(["look", "cut_vaults", "restore_vaults", "federated", "detach", "secrets", "certificates", "keys"], act)])
    error_message = "The kinds are look, cut_vaults, restore_vaults, federated, detach, secrets, certificates and keys."
  }
  validation {
    condition     = alltrue(flatten([for scopes in values(var.acts) : [for s in scopes : can(regex("^/(subscriptions|providers/Microsoft.Management/managementGroups)/[^/]+", s))]]))
    error_message = "Ids of management groups, subscriptions, resource groups or resources are expected, with a slash first."
  }
  validation {
    condition     = alltrue([for s in concat(tolist(lookup(var.acts, "secrets", [])), tolist(lookup(var.acts, "certificates", []))) : startswith(s, "/subscriptions/")]) && alltrue([for scopes in values(var.acts) : length([for s in scopes : s if startswith(s, "/providers/")]) <= 1])
    error_message = "Azure gives no rights on data at a management group, and knows a role of several management groups not: secrets and certificates take subscriptions and below, every other kind at most one management group."
  }
}

locals {
  act_actions = {
    look = [
      "Microsoft.Authorization/denyAssignments/read",
      "Microsoft.Authorization/roleAssignments/read",
      "Microsoft.Authorization/roleDefinitions/read",
      "Microsoft.Insights/diagnosticSettings/read",
      "Microsoft.KeyVault/vaults/read",
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/read",
      "Microsoft.Resources/subscriptions/read",
      "Microsoft.Web/sites/read",
    ]
    cut_vaults = [
      "Microsoft.Authorization/roleAssignments/delete",
      "Microsoft.KeyVault/vaults/accessPolicies/write",
      "Microsoft.KeyVault/vaults/read",
    ]
    restore_vaults = [
      "Microsoft.Authorization/roleAssignments/write",
      "Microsoft.KeyVault/vaults/accessPolicies/write",
    ]
    federated = [
      "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials/delete",
    ]
    detach = [
      "Microsoft.App/containerApps/read",
      "Microsoft.App/containerApps/write",
      "Microsoft.Compute/virtualMachineScaleSets/read",
      "Microsoft.Compute/virtualMachineScaleSets/write",
      "Microsoft.Compute/virtualMachines/read",
      "Microsoft.Compute/virtualMachines/write",
      "Microsoft.Web/sites/read",
      "Microsoft.Web/sites/slots/read",
      "Microsoft.Web/sites/slots/write",
      "Microsoft.Web/sites/write",
    ]
    secrets      = []
    certificates = []
    keys = [
      "Microsoft.Cache/redis/listKeys/action",
      "Microsoft.Cache/redis/regenerateKey/action",
      "Microsoft.DocumentDB/databaseAccounts/listKeys/action",
      "Microsoft.DocumentDB/databaseAccounts/regenerateKey/action",
      "Microsoft.EventHub/namespaces/authorizationRules/listKeys/action",
      "Microsoft.EventHub/namespaces/authorizationRules/regenerateKeys/action",
      "Microsoft.EventHub/namespaces/eventhubs/authorizationRules/listKeys/action",
      "Microsoft.EventHub/namespaces/eventhubs/authorizationRules/regenerateKeys/action",
      "Microsoft.ServiceBus/namespaces/authorizationRules/listKeys/action",
      "Microsoft.ServiceBus/namespaces/authorizationRules/regenerateKeys/action",
      "Microsoft.ServiceBus/namespaces/queues/authorizationRules/listKeys/action",
      "Microsoft.ServiceBus/namespaces/queues/authorizationRules/regenerateKeys/action",
      "Microsoft.ServiceBus/namespaces/topics/authorizationRules/listKeys/action",
      "Microsoft.ServiceBus/namespaces/topics/authorizationRules/regenerateKeys/action",
      "Microsoft.Storage/storageAccounts/listKeys/action",
      "Microsoft.Storage/storageAccounts/regenerateKey/action",
    ]
  }
  act_data_actions = {
    secrets = [
      "Microsoft.KeyVault/vaults/secrets/getSecret/action",
      "Microsoft.KeyVault/vaults/secrets/readMetadata/action",
      "Microsoft.KeyVault/vaults/secrets/setSecret/action",
      "Microsoft.KeyVault/vaults/secrets/update/action",
    ]
    certificates = [
      "Microsoft.KeyVault/vaults/certificates/create/action",
      "Microsoft.KeyVault/vaults/certificates/read",
      "Microsoft.KeyVault/vaults/certificates/update/action",
    ]
  }

  # Where each role may be given: management groups, subscriptions and resource groups; a single resource counts as its group.
  act_scopes = { for act, scopes in var.acts : act => distinct([for s in scopes :
    startswith(s, "/subscriptions/") && length(split("/", s)) > 5 ? join("/", slice(split("/", s), 0, 5)) : s
  ]) if length(scopes) > 0 }
  act_role_id = { for act in keys(local.act_scopes) : act => uuidv5("url", "${local.group_id}/${act}") }
  act_grants  = { for g in flatten([for act, scopes in var.acts : [for s in scopes : { act = act, scope = s }]]) : "${g.act} ${g.scope}" => g }
}

resource "azapi_resource" "act_role" {
  for_each  = local.act_role_id
  type      = "Microsoft.Authorization/roleDefinitions@2022-04-01"
  parent_id = local.act_scopes[each.key][0]
  name      = each.value
  body = {
    properties = {
      roleName         = "Rekey ${var.name}: ${each.key}"
      description      = "What Rekey's respond app needs for acts of the kind ${each.key}, and nothing more."
      type             = "CustomRole"
      assignableScopes = local.act_scopes[each.key]
      permissions = [{
        actions        = local.act_actions[each.key]
        notActions     = []
        dataActions    = lookup(local.act_data_actions, each.key, [])
        notDataActions = []
      }]
    }
  }
}

resource "azapi_resource" "act_grant" {
  for_each  = local.act_grants
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  parent_id = each.value.scope
  name      = uuidv5("url", "${each.value.scope}/${each.value.act}/${var.name}-respond")
  body = {
    properties = {
      roleDefinitionId = "${join("/", slice(split("/", each.value.scope), 0, startswith(each.value.scope, "/subscriptions/") ? 3 : 5))}/providers/Microsoft.Authorization/roleDefinitions/${local.act_role_id[each.value.act]}"
      principalId      = local.identity["respond"].principal_id
      principalType    = "ServicePrincipal"
    }
  }
  depends_on = [azapi_resource.act_role]
}
