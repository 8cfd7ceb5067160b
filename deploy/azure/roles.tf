# Role assignments on Rekey's own resources, each on the smallest scope that Azure knows: a table, a queue, a container, a
# hub. The names of assignments follow from who, what and where, so that a plan shows them before an identity is there.

variable "operators" {
  description = "Object ids of the groups of people who run Rekey: they read everything in state, write what the commands of rekey write (access.tf), send parked messages to the hubs again, and write the secret settings. Empty: nobody but the apps reaches state."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for id in var.operators : can(regex("^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", id))])
    error_message = "Object ids (GUIDs) of groups are expected."
  }
}

locals {
  table_scope     = "${local.state_id}/tableServices/default/tables"
  queue_scope     = "${local.state_id}/queueServices/default/queues"
  container_scope = "${local.state_id}/blobServices/default/containers"

  state_grants = flatten([for app, a in local.access : concat(
    [for name, may in a.tables : { app = app, role = "table_${may}", scope = "${local.table_scope}/${name}" }],
    [for name, may in a.containers : { app = app, role = "blob_${may}", scope = "${local.container_scope}/${name}" }],
    [for name, may in a.queues : { app = app, role = "queue_ring", scope = "${local.queue_scope}/${name}" }],
    [for name, may in a.queues : { app = app, role = "queue_take", scope = "${local.queue_scope}/${name}" } if may == "serve"],
    [for name, may in a.queues : { app = app, role = "queue_look", scope = "${local.queue_scope}/${name}" } if may == "serve"],
    [for name, may in a.queues : { app = app, role = "queue_ring", scope = "${local.queue_scope}/${name}-poison" } if may == "serve"],
  )])

  # What the Functions host of each app needs of its own account: leases, keys and the package in blobs, its diagnosis in tables.
  host_grants = flatten([for app in local.apps : [
    { app = app, role = "blob_own", scope = local.host_account_id[app] },
    { app = app, role = "table_write", scope = local.host_account_id[app] },
  ]])

  hub_grants = concat(
    [for hub in local.hubs : { app = "detect", role = "hub_receive", scope = hub.id }],
    [{ app = "respond", role = "hub_send", scope = local.notices_id }],
  )

  key_grants = [for app in ["detect", "respond"] : { app = app, role = "secret_use", scope = local.settings_vault_id }]

  vault_grants = [for role in ["certificates", "sign"] : { app = "respond", role = role, scope = local.vault_id }]

  telemetry_grants = [for app in local.apps : { app = app, role = "metrics", scope = local.insights_id }]

  grants = {
    for g in concat(local.state_grants, local.host_grants, local.hub_grants, local.key_grants, local.vault_grants, local.telemetry_grants) :
    "${g.app} ${g.role} ${trimprefix(g.scope, local.group_id)}" => g
  }
}

resource "azapi_resource" "grant" {
  for_each  = local.grants
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  parent_id = each.value.scope
  name      = uuidv5("url", "${each.value.scope}/${each.value.role}/${var.name}-${each.value.app}")
  body = {
    properties = {
      roleDefinitionId = "/subscriptions/${var.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/${local.role[each.value.role]}"
      principalId      = local.identity[each.value.app].principal_id
      principalType    = "ServicePrincipal"
    }
  }
  depends_on = [
    azapi_resource.host, azapi_resource.table, azapi_resource.queue, azapi_resource.container, azapi_resource.hub,
    azapi_resource.vault, azapi_resource.insights, azapi_resource.notices,
  ]
}

locals {
  operator_grants = {
    for g in flatten([for id in var.operators : concat(
      [for role in ["table_read", "blob_read", "queue_look"] : { id = id, role = role, scope = local.state_id }],
      [for name, may in local.people.tables : { id = id, role = "table_${may}", scope = "${local.table_scope}/${name}" }],
      [for name, may in local.people.containers : { id = id, role = "blob_${may}", scope = "${local.container_scope}/${name}" }],
      [for name, may in local.people.queues : { id = id, role = "queue_${may}", scope = "${local.queue_scope}/${name}" }],
      [for hub in local.hubs : { id = id, role = "hub_send", scope = hub.id }],
      [{ id = id, role = "secret_manage", scope = local.settings_vault_id }],
    )]) : "${g.id} ${g.role} ${trimprefix(g.scope, local.group_id)}" => g
  }
}

resource "azapi_resource" "operator_grant" {
  for_each  = local.operator_grants
  type      = "Microsoft.Authorization/roleAssignments@2022-04-01"
  parent_id = each.value.scope
  name      = uuidv5("url", "${each.value.scope}/${each.value.role}/${each.value.id}")
  body = {
    properties = {
      roleDefinitionId = "/subscriptions/${var.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/${local.role[each.value.role]}"
      principalId      = each.value.id
      principalType    = "Group"
    }
  }
  depends_on = [azapi_resource.table, azapi_resource.container, azapi_resource.queue, azapi_resource.hub, azapi_resource.vault]
}
