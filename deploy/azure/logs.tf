# Where Rekey's own log goes. It holds ids and counts and no secret; the alerts ask it.

variable "log_days" {
  description = "Days that Rekey's own log is kept. It tells what Rekey did; what was changed stands in the ledger, for longer."
  type        = number
  default     = 90
  validation {
    condition     = var.log_days >= 30 && var.log_days <= 730
    error_message = "30 to 730 days."
  }
}

variable "insights" {
  description = "Application Insights that exist already, instead of new ones: id, connection string, and the id of the workspace behind them."
  type        = object({ id = string, connection_string = string, workspace_id = string })
  default     = null
  sensitive   = false
}

locals {
  insights_id       = var.insights == null ? "${local.group_id}/providers/Microsoft.Insights/components/${var.name}" : var.insights.id
  workspace_id      = var.insights == null ? "${local.group_id}/providers/Microsoft.OperationalInsights/workspaces/${var.name}" : var.insights.workspace_id
  connection_string = var.insights == null ? azapi_resource.insights[0].output.properties.ConnectionString : var.insights.connection_string
}

resource "azapi_resource" "workspace" {
  count     = var.insights == null ? 1 : 0
  type      = "Microsoft.OperationalInsights/workspaces@2023-09-01"
  parent_id = azapi_resource.group.id
  name      = var.name
  location  = var.location
  tags      = var.tags
  body = {
    properties = {
      retentionInDays = var.log_days
      sku             = { name = "PerGB2018" }
      features        = { disableLocalAuth = true }
    }
  }
}

resource "azapi_resource" "insights" {
  count     = var.insights == null ? 1 : 0
  type      = "Microsoft.Insights/components@2020-02-02"
  parent_id = azapi_resource.group.id
  name      = var.name
  location  = var.location
  tags      = var.tags
  body = {
    kind = "web"
    properties = {
      Application_Type    = "web"
      WorkspaceResourceId = local.workspace_id
      DisableLocalAuth    = true
    }
  }
  response_export_values = ["properties.ConnectionString"]
  depends_on             = [azapi_resource.workspace]
}
