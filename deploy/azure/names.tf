# Names, and the ids that follow from them. Ids are written out rather than taken from what was created: then a plan knows
# them before anything is there, and azapi can check every body against its schema.

locals {
  apps   = toset(["detect", "face", "respond"])
  group  = "${var.name}-${var.location}"
  unique = substr(sha1("${var.subscription_id}/${local.group}"), 0, 6)

  group_id = "/subscriptions/${var.subscription_id}/resourceGroups/${local.group}"

  host_account_name = { for app in local.apps : app => "${var.name}${app}${local.unique}" }
  host_account_id   = { for app in local.apps : app => "${local.group_id}/providers/Microsoft.Storage/storageAccounts/${local.host_account_name[app]}" }
  state_name        = "${var.name}state${local.unique}"
  state_id          = "${local.group_id}/providers/Microsoft.Storage/storageAccounts/${local.state_name}"
  app_name          = { for app in local.apps : app => "${var.name}-${app}-${local.unique}" }
}

resource "azapi_resource" "group" {
  type      = "Microsoft.Resources/resourceGroups@2023-07-01"
  parent_id = "/subscriptions/${var.subscription_id}"
  name      = local.group
  location  = var.location
  tags      = var.tags
  body      = {}
}
