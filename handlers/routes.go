package main

import (
	"log/slog"

	"rekey/shared/host/funchost"
)

// functions is every function Rekey has, by name: the folder in functions/, the route, and the name in telemetry.
// Which of them a process serves is what is staged beside it.
var functions = map[string]func(*slog.Logger) (funchost.Handler, error){
	// detect: parses what an intruder can shape, and holds no keys
	"signins":      newStream,
	"auditlogs":    newStream,
	"vaultlogs":    newStream,
	"graphlogs":    newStream,
	"activitylogs": newStream,
	"riskevents":   newStream,
	"upkeep":       newUpkeep,

	// face: faces the network, and reads state
	"risk":          newFace,
	"policies":      newFace,
	"remediations":  newFace,
	"openapi":       newFace,
	"subscriptions": newFace,

	// respond: holds the keys, and listens to nobody but its queues
	"triage":  newTriage,
	"evict":   newEvict,
	"orders":  newOrders,
	"rotate":  newRotate,
	"sweep":   newSweep,
	"publish": newPublish,
	"deliver": newDeliver,
}
