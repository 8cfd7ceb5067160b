# The three function apps, each on a Flex Consumption plan of its own, with the runtime for custom handlers.

variable "instance_memory" {
  description = "Memory of an instance in MB, by app: 512, 2048 or 4096. The smallest is enough for every app; a large address table is read into detect's."
  type        = map(number)
  default     = { detect = 2048, face = 512, respond = 512 }
  validation {
    condition     = toset(keys(var.instance_memory)) == toset(["detect", "face", "respond"]) && alltrue([for m in values(var.instance_memory) : contains([512, 2048, 4096], m)])
    error_message = "512, 2048 or 4096 for each of detect, face and respond."
  }
}

variable "always_ready" {
  description = "Instances that are kept warm, by app and group: http for the HTTP functions of an app, function:<name> for any other. Each costs around the clock; without one the first record after a pause waits for a cold start."
  type        = map(map(number))
  default     = { detect = { "function:signins" = 1 }, respond = { "function:evict" = 1, "function:orders" = 1, "function:triage" = 1 } }
  validation {
    condition = alltrue([for app, groups in var.always_ready : contains(["detect", "face", "respond"], app) && alltrue([for g, n in groups :
    can(regex("^(http|function:[a-z0-9]+)$", g)) && n >= 1 && n <= 20])])
    error_message = "By app, http or function:<name>, 1 to 20 instances."
  }
}

variable "maximum_instances" {
  description = "Instances that a group of functions may grow to; Flex Consumption takes no less than 40. detect never uses more than there are partitions."
  type        = number
  default     = 40
  validation {
    condition     = var.maximum_instances >= 40 && var.maximum_instances <= 1000
    error_message = "40 to 1000 instances."
  }
}

variable "deploy_from" {
  description = "Networks (CIDR) that packages may be published from. Empty: from anywhere, with an Entra token of somebody who may; ignored with a private network, where only that publishes."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for n in var.deploy_from : can(cidrnetmask(n))])
    error_message = "IPv4 networks like 192.0.2.0/24 are expected."
  }
}

variable "face_from" {
  description = "Networks (CIDR) that may call the HTTP functions of face. Empty: everybody, with a token. The other apps answer nobody."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for n in var.face_from : can(cidrnetmask(n))])
    error_message = "IPv4 networks like 192.0.2.0/24 are expected."
  }
}

locals {
  allow = {
    main = { detect = [], face = var.face_from, respond = [] }
    scm  = var.deploy_from
  }
  rules = {
    for side in ["main", "scm"] : side => {
      for app in local.apps : app => [
        for i, n in(side == "main" ? local.allow.main[app] : local.allow.scm) : { name = "allowed${i}", action = "Allow", ipAddress = n, priority = 100 + i }
      ]
    }
  }
}

resource "azapi_resource" "plan" {
  for_each  = local.apps
  type      = "Microsoft.Web/serverfarms@2023-12-01"
  parent_id = azapi_resource.group.id
  name      = local.app_name[each.key]
  location  = var.location
  tags      = var.tags
  body = {
    kind       = "functionapp"
    sku        = { name = "FC1", tier = "FlexConsumption" }
    properties = { reserved = true }
  }
}

resource "azapi_resource" "app" {
  for_each  = local.apps
  type      = "Microsoft.Web/sites@2023-12-01"
  parent_id = azapi_resource.group.id
  name      = local.app_name[each.key]
  location  = var.location
  tags      = var.tags
  identity {
    type         = "UserAssigned"
    identity_ids = [local.identity[each.key].id]
  }
  body = {
    kind = "functionapp,linux"
    properties = {
      serverFarmId              = "${local.group_id}/providers/Microsoft.Web/serverfarms/${local.app_name[each.key]}"
      httpsOnly                 = true
      keyVaultReferenceIdentity = local.identity[each.key].id
      publicNetworkAccess       = local.private && each.key != "face" ? "Disabled" : "Enabled"
      virtualNetworkSubnetId    = local.private ? local.subnet_id[each.key] : null
      functionAppConfig = {
        runtime = { name = "custom", version = "1.0" }
        deployment = {
          storage = {
            type  = "blobContainer"
            value = "https://${local.host_account_name[each.key]}.blob.core.windows.net/packages"
            authentication = {
              type                           = "UserAssignedIdentity"
              userAssignedIdentityResourceId = local.identity[each.key].id
            }
          }
        }
        scaleAndConcurrency = {
          instanceMemoryMB     = var.instance_memory[each.key]
          maximumInstanceCount = var.maximum_instances
          alwaysReady          = [for group, n in lookup(var.always_ready, each.key, {}) : { name = group, instanceCount = n }]
        }
      }
      siteConfig = {
        minTlsVersion                          = "1.2"
        scmMinTlsVersion                       = "1.2"
        ftpsState                              = "Disabled"
        http20Enabled                          = true
        ipSecurityRestrictions                 = local.rules.main[each.key]
        ipSecurityRestrictionsDefaultAction    = each.key == "face" && length(var.face_from) == 0 ? "Allow" : "Deny"
        scmIpSecurityRestrictions              = local.rules.scm[each.key]
        scmIpSecurityRestrictionsDefaultAction = length(var.deploy_from) == 0 ? "Allow" : "Deny"
        scmIpSecurityRestrictionsUseMain       = false
        appSettings                            = [for name in sort(keys(local.settings[each.key])) : { name = name, value = local.settings[each.key][name] }]
      }
    }
  }
  depends_on = [azapi_resource.plan, azapi_resource.package, azapi_resource.grant, azapi_resource.network, azapi_resource.endpoint_zone, azapi_resource.zone_link]
}

# Publishing takes an Entra token: the user names and passwords of an app are off.
resource "azapi_update_resource" "no_password" {
  for_each  = { for pair in setproduct(local.apps, ["ftp", "scm"]) : "${pair[0]} ${pair[1]}" => pair }
  type      = "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2023-12-01"
  parent_id = azapi_resource.app[each.value[0]].id
  name      = each.value[1]
  body      = { properties = { allow = false } }
}
