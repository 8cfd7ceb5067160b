# Who may do what with the state account. It is the table in docs/permissions.md, and `make check-deploy` compares both with
# what the code opens: a table that an app uses and may not, or may use and does not, fails the check.
#
#   tables      read or write
#   containers  read or write
#   queues      ring (add messages), serve (the host takes them, and parks what failed too often beside the queue)

locals {
  access = {
    detect = {
      tables = {
        principals     = "write"
        detections     = "write"
        detectionindex = "write"
        fleet          = "write"
        streams        = "write"
        deadletters    = "write"
        inventory      = "read"
        suspects       = "read"
      }
      containers = { dead-letters = "write" }
      queues     = { triage = "ring" }
    }
    face = {
      tables = {
        detections     = "read"
        detectionindex = "read"
        cases          = "read"
        caseindex      = "read"
        policies       = "read"
        operations     = "read"
        orders         = "write"
        verdicts       = "write"
        subscriptions  = "write"
        deliveries     = "read"
      }
      containers = { ledger = "read" }
      queues     = { triage = "ring", orders = "ring", deliver = "ring" }
    }
    respond = {
      tables = {
        principals     = "read"
        detections     = "write"
        detectionindex = "write"
        cases          = "write"
        operations     = "write"
        inventory      = "write"
        inquiries      = "read"
        switches       = "write"
        suspects       = "write"
        caseindex      = "write"
        orders         = "write"
        pages          = "write"
        policies       = "write"
        verdicts       = "write"
        notices        = "write"
        subscriptions  = "write"
        deliveries     = "write"
        streams        = "read"
      }
      containers = { ledger = "write", undo = "write" }
      queues     = { triage = "serve", evict = "serve", orders = "serve", rotate = "serve", publish = "serve", deliver = "serve" }
    }
  }

  # What the people who run Rekey write, by the commands of `rekey` (handlers/command); they read everything of the state account.
  # It is as powerful as approving: give it to those who may approve.
  people = {
    tables = {
      principals  = "write"
      deadletters = "write"
      inquiries   = "write"
      operations  = "write"
      orders      = "write"
      switches    = "write"
    }
    containers = { ledger = "write" }
    queues     = { triage = "ring", evict = "ring", orders = "ring", rotate = "ring", publish = "ring" }
  }

  # Azure's built-in roles, by id.
  role = {
    table_read    = "76199698-9eea-4c19-bc75-cec21354c6b6" # Storage Table Data Reader
    table_write   = "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3" # Storage Table Data Contributor
    blob_read     = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1" # Storage Blob Data Reader
    blob_write    = "ba92f5b4-2d11-453d-a403-e96b0029c9fe" # Storage Blob Data Contributor
    blob_own      = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b" # Storage Blob Data Owner
    queue_ring    = "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a" # Storage Queue Data Message Sender
    queue_take    = "8a0f0c08-91a1-4084-bc3d-661d67233fed" # Storage Queue Data Message Processor
    queue_look    = "19e7f393-937e-4f77-808e-94535e297925" # Storage Queue Data Reader
    hub_receive   = "a638d3c7-ab3a-418d-83e6-5f17a39d4fde" # Azure Event Hubs Data Receiver
    hub_send      = "2b629674-e913-4c01-ae53-ef4638d8f975" # Azure Event Hubs Data Sender
    metrics       = "3913510d-42f4-4e42-8a64-420c390055eb" # Monitoring Metrics Publisher
    secret_use    = "4633458b-17de-408a-b874-0445c86b69e6" # Key Vault Secrets User
    secret_manage = "b86a8fe4-44ce-4948-aee5-eccb2c155cd7" # Key Vault Secrets Officer
    certificates  = "a4417e6f-fecd-4de8-b567-7b0420556985" # Key Vault Certificates Officer
    sign          = "12338af0-0e69-4776-bea7-57ae8d297424" # Key Vault Crypto User
  }
}
