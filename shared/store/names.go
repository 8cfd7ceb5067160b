package store

// Tables.
const (
	TablePrincipals  = "principals"     // partition principal key; rows: see handlers/principals
	TableDetections  = "detections"     // partition principal key, row detection id
	TableIndex       = "detectionindex" // see handlers/findings; derived from TableDetections
	TableCases       = "cases"          // partition principal key, row case id
	TableCaseIndex   = "caseindex"      // see handlers/cases; derived from TableCases
	TableVerdicts    = "verdicts"       // partition "of/" and principal key, row verdict id; partition "pending"
	TableOperations  = "operations"     // partition "operation", row operation id; partition "rotation": see handlers/rotations
	TableFleet       = "fleet"          // partition "fleet", row day
	TableInventory   = "inventory"      // partition "applications": see handlers/objects; partition "posture", row "progress"
	TableDeadLetters = "deadletters"    // partition hub
	TableStreams     = "streams"        // partition "health", row hub: which logs arrive
	TableSuspects    = "suspects"       // partition "suspect", row principal key
	TableInquiries   = "inquiries"      // partition case id, row inquiry id
	TableOrders      = "orders"         // partition "order", row order id: what people asked for, see shared/order
	TablePolicies    = "policies"       // partition "policy", row id of a Conditional Access policy that Rekey made
	TableSwitches    = "switches"       // partition "switch", row "kill"; partition "acts-<hour>", one row an automatic act; partition "replay", row hub
	TablePages       = "pages"          // partition "page", row page id: who was called
	TableNotices     = "notices"        // what was told to programs outside: see handlers/notices
	TableSubscribers = "subscriptions"  // partition "subscription", row id: who asked to be called back, and where; the addresses are secrets
	TableDeliveries  = "deliveries"     // partition "progress", row id of a subscription; partitions "pending/<id>" and "dead/<id>", one row a notice
)

// Blob containers.
const (
	ContainerDeadLetters = "dead-letters"
	ContainerLedger      = "ledger"
	ContainerUndo        = "undo"
)

// Queues.
const (
	QueueTriage  = "triage"
	QueueEvict   = "evict"
	QueueOrders  = "orders"
	QueueRotate  = "rotate"
	QueuePublish = "publish"
	QueueDeliver = "deliver"
)

// Tables, Containers and Queues list all names, for whoever creates them.
var (
	Tables = []string{
		TablePrincipals, TableDetections, TableIndex, TableCases, TableOperations, TableFleet, TableInventory, TableDeadLetters, TableInquiries,
		TableSwitches, TableStreams, TableSuspects, TableOrders, TablePolicies, TablePages, TableCaseIndex, TableVerdicts, TableNotices,
		TableSubscribers, TableDeliveries,
	}
	Containers = []string{ContainerDeadLetters, ContainerLedger, ContainerUndo}
	Queues     = []string{QueueTriage, QueueEvict, QueueOrders, QueueRotate, QueuePublish, QueueDeliver}
)
