# A network of Rekey's own, if it is wanted: each app in a subnet, and storage, vaults and hubs reached by private endpoints.

variable "private_network" {
  description = "An IPv4 network of /24 or larger, like 10.60.0.0/24, to put Rekey into: then storage and vaults answer nobody outside of it, hubs only Azure's own services beside it, and packages are published from inside. null: everything has public endpoints, guarded by identities."
  type        = string
  default     = null
  validation {
    condition     = var.private_network == null || can(cidrsubnet(var.private_network, 3, 7)) && try(tonumber(split("/", var.private_network)[1]) <= 24, false)
    error_message = "An IPv4 network of /24 or larger is expected, like 10.60.0.0/24."
  }
}

locals {
  private    = var.private_network != null
  network_id = "${local.group_id}/providers/Microsoft.Network/virtualNetworks/${var.name}"
  subnet_id  = { for s in concat(tolist(local.apps), ["endpoints"]) : s => "${local.network_id}/subnets/${s}" }

  # What is reached by private endpoints: the resource, its part, and the zone of its names.
  accounts = merge({ for app in local.apps : app => local.host_account_id[app] }, { state = local.state_id })
  endpoints = merge(
    { for pair in setproduct(keys(local.accounts), ["blob", "queue", "table"]) : "${pair[0]}-${pair[1]}" => { id = local.accounts[pair[0]], part = pair[1], zone = "privatelink.${pair[1]}.core.windows.net" } },
    { for key, id in local.made_vault_id : "vault-${key}" => { id = id, part = "vault", zone = "privatelink.vaultcore.azure.net" } },
    { for key, id in local.made_namespace_id : "hubs-${key}" => { id = id, part = "namespace", zone = "privatelink.servicebus.windows.net" } },
  )
  zones = toset(distinct([for e in values(local.endpoints) : e.zone]))
}

resource "azapi_resource" "network" {
  count     = local.private ? 1 : 0
  type      = "Microsoft.Network/virtualNetworks@2023-11-01"
  parent_id = azapi_resource.group.id
  name      = var.name
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      addressSpace = { addressPrefixes = [var.private_network] }
      # In one body: subnets of one network cannot be written at the same time.
      subnets = concat(
        [for i, app in tolist(local.apps) : {
          name = app
          properties = {
            addressPrefix = cidrsubnet(var.private_network, 3, i)
            delegations   = [{ name = "functions", properties = { serviceName = "Microsoft.App/environments" } }]
          }
        }],
        [{ name = "endpoints", properties = { addressPrefix = cidrsubnet(var.private_network, 3, 7) } }],
      )
    }
  }
}

resource "azapi_resource" "endpoint" {
  for_each  = local.private ? local.endpoints : {}
  type      = "Microsoft.Network/privateEndpoints@2023-11-01"
  parent_id = azapi_resource.group.id
  name      = "${var.name}-${each.key}"
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      subnet = { id = local.subnet_id["endpoints"] }
      privateLinkServiceConnections = [{
        name       = each.key
        properties = { privateLinkServiceId = each.value.id, groupIds = [each.value.part] }
      }]
    }
  }
  depends_on = [azapi_resource.network, azapi_resource.host, azapi_resource.state, azapi_resource.vault, azapi_resource.namespace]
}

resource "azapi_resource" "zone" {
  for_each  = local.private ? local.zones : []
  type      = "Microsoft.Network/privateDnsZones@2020-06-01"
  parent_id = azapi_resource.group.id
  name      = each.key
  location  = "global"
  tags      = var.tags
  body      = {}
}

resource "azapi_resource" "zone_link" {
  for_each   = local.private ? local.zones : []
  type       = "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2020-06-01"
  parent_id  = azapi_resource.zone[each.key].id
  name       = var.name
  location   = "global"
  body       = { properties = { registrationEnabled = false, virtualNetwork = { id = local.network_id } } }
  depends_on = [azapi_resource.network]
}

resource "azapi_resource" "endpoint_zone" {
  for_each  = local.private ? local.endpoints : {}
  type      = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2023-11-01"
  parent_id = azapi_resource.endpoint[each.key].id
  name      = "default"
  body = {
    properties = {
      privateDnsZoneConfigs = [{ name = "default", properties = { privateDnsZoneId = "${local.group_id}/providers/Microsoft.Network/privateDnsZones/${each.value.zone}" } }]
    }
  }
  depends_on = [azapi_resource.zone]
}
