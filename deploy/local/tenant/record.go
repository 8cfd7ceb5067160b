package tenant

import (
	"encoding/json"
	"fmt"
	"time"
)

// The hubs, one for each kind of log.
const (
	HubSignIns  = "signins"
	HubAudit    = "auditlogs"
	HubVault    = "vaultlogs"
	HubGraph    = "graphlogs"
	HubActivity = "activitylogs"
	HubRisk     = "riskevents"
)

// Hubs lists them all.
var Hubs = []string{HubSignIns, HubAudit, HubVault, HubGraph, HubActivity, HubRisk}

// Record is one entry of a log.
type Record struct {
	Hub      string
	Category string
	Time     time.Time // when it happened; the log writes it later
	Data     []byte    // the entry, one JSON object
}

// Count counts records by category.
func Count(records []Record) map[string]int {
	out := map[string]int{}
	for _, r := range records {
		out[r.Category]++
	}
	return out
}

// Envelope packs records of one hub into messages of at most max bytes, in order. A record that is larger by itself
// gets a message of its own.
func Envelope(records [][]byte, max int) [][]byte {
	const head, tail = `{"records":[`, `]}`
	var out [][]byte
	message := []byte(head)
	for _, r := range records {
		if len(message) > len(head) {
			if len(message)+1+len(r)+len(tail) > max {
				out = append(out, append(message, tail...))
				message = []byte(head)
			} else {
				message = append(message, ',')
			}
		}
		message = append(message, r...)
	}
	if len(message) > len(head) {
		out = append(out, append(message, tail...))
	}
	return out
}

// entry is the top level that all logs share, in the order in which real records have it. What a category lacks stays
// empty.
type entry struct {
	Time              string `json:"time"`
	ResourceID        string `json:"resourceId"`
	OperationName     string `json:"operationName"`
	OperationVersion  string `json:"operationVersion,omitempty"`
	Category          string `json:"category"`
	TenantID          string `json:"tenantId,omitempty"`
	ResultType        string `json:"resultType,omitempty"`
	ResultSignature   string `json:"resultSignature,omitempty"`
	ResultDescription string `json:"resultDescription,omitempty"`
	DurationMs        any    `json:"durationMs"` // a number in Entra's logs, text in the others
	CallerIPAddress   string `json:"callerIpAddress,omitempty"`
	CorrelationID     string `json:"correlationId"`
	Identity          any    `json:"identity,omitempty"` // text or an object
	Level             any    `json:"Level,omitempty"`    // a number or text
	Location          string `json:"location,omitempty"`
	Properties        any    `json:"properties"`
}

// record turns an entry into bytes.
func record(hub string, at time.Time, e entry) Record {
	data, err := json.Marshal(e)
	if err != nil {
		panic(fmt.Sprintf("tenant: encoding %s record: %v", e.Category, err))
	}
	return Record{hub, e.Category, at, data}
}

// entra is the resource id of Entra's own logs.
func (t *Tenant) entra() string { return "/tenants/" + t.ID + "/providers/Microsoft.aadiam" }

// exported is the time stamp at the top: seven digits, and Z.
func exported(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.0000000Z") }

// happened is the time stamp in the properties: an offset, and no trailing zeros.
func happened(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.9999999-07:00") }
