// Package notice says what became known or changed, for programs outside: Sentinel, Logic Apps, whoever listens. A notice is a
// CloudEvent 1.0 in structured JSON; docs/notices.md describes it and docs/notices.schema.json is its schema.
//
// Notices are made from what is stored and from nothing else, so that they can be made again: the same truth has the same id,
// and whoever gets it twice can tell. They hold no secret: credentials are named by their key ids.
package notice

import (
	"crypto/sha256"
	"encoding/hex"
	"strconv"
	"strings"
	"time"

	"rekey/shared/detect"
	"rekey/shared/remedy"
	"rekey/shared/rotate"
)

// ContentType is that of a notice in structured JSON.
const ContentType = "application/cloudevents+json"

// The types of notices.
const (
	DetectionRaised  = "com.rekey.detection.raised"       // found, raised to a higher level, or open again
	DetectionJudged  = "com.rekey.detection.judged"       // confirmed, dismissed, or remediated
	OperationMoved   = "com.rekey.operation.stateChanged" // an eviction or an undo
	OperationPlanned = "com.rekey.operation.planChanged"  // the same state, another plan: a yes has to name its hash
	RotationMoved    = "com.rekey.rotation.stateChanged"
)

// Types lists them all.
var Types = []string{DetectionRaised, DetectionJudged, OperationMoved, OperationPlanned, RotationMoved}

// Kinds of what notices are about, as their subjects begin; Principals stands for all detections of one.
const (
	Detections = "detections/"
	Operations = "operations/"
	Rotations  = "rotations/"
	Principals = "principals/"
)

// schema is the schema's identifier; its parts are named after the kind of data.
const schema = "urn:rekey:schema:notice:1#/$defs/"

// Notice is a CloudEvent.
type Notice struct {
	SpecVersion     string    `json:"specversion"`
	ID              string    `json:"id"` // with Source: the same for the same truth
	Source          string    `json:"source"`
	Type            string    `json:"type"`
	Subject         string    `json:"subject"` // "detections/", "operations/" or "rotations/" and the id
	Time            time.Time `json:"time"`    // when it became so
	DataContentType string    `json:"datacontenttype"`
	DataSchema      string    `json:"dataschema"`
	PartitionKey    string    `json:"partitionkey"` // the principal: what concerns one arrives in order
	Data            any       `json:"data"`         // Detection, Operation or Rotation
}

// Source names the Rekey of a tenant.
func Source(tenant string) string { return "/rekey/tenants/" + strings.ToLower(tenant) }

func begin(tenant, kind, id string) Notice {
	return Notice{
		SpecVersion: "1.0", Source: Source(tenant), Subject: kind + id,
		DataContentType: "application/json", DataSchema: schema + strings.TrimSuffix(kind, "s/"),
	}
}

// idOf hashes what a notice says happened.
func idOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:16])
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// OfDetection makes the notice of a detection as it is. Its id is another one when the level or the judgement is; more records
// of the same finding make no other.
func OfDetection(tenant string, d detect.Detection) Notice {
	n := begin(tenant, Detections, d.ID)
	judged := ""
	n.Type, n.Time, n.PartitionKey, n.Data = DetectionRaised, raised(d), d.Principal.Key(), detection(d)
	if j := d.Judged; j != nil {
		judged = stamp(j.At)
		switch {
		case j.State == d.RiskState():
			n.Type, n.Time = DetectionJudged, j.At.UTC()
		case d.Last.After(j.At):
			n.Time = d.Last.UTC()
		default:
			n.Time = j.At.UTC()
		}
	}
	n.ID = idOf("detection", d.ID, string(d.Level), d.RiskState(), judged)
	return n
}

// raised is when a detection's level became what it is; of one that was stored before this was noted, when it was first seen.
func raised(d detect.Detection) time.Time {
	if d.Raised.IsZero() {
		return d.Detected.UTC()
	}
	return d.Raised.UTC()
}

// OfOperation makes the notices of all states that an operation was in, the earliest first.
func OfOperation(tenant string, o remedy.Operation) []Notice {
	out := make([]Notice, 0, len(o.Moves))
	for _, m := range o.Moves {
		n := begin(tenant, Operations, o.ID)
		n.Type, n.Time, n.PartitionKey = OperationMoved, m.Time.UTC(), o.Principal.Key()
		if m.From == m.State {
			n.Type = OperationPlanned
		}
		n.ID = idOf("operation", o.ID, strconv.Itoa(m.N), string(m.State), m.Plan, stamp(m.Time))
		n.Data = operation(o, m)
		out = append(out, n)
	}
	return out
}

// OfRotation makes the notices of all states that a rotation was in, the earliest first.
func OfRotation(tenant string, h rotate.Head) []Notice {
	out := make([]Notice, 0, len(h.Moves))
	for _, m := range h.Moves {
		n := begin(tenant, Rotations, h.ID)
		n.Type, n.Time, n.PartitionKey = RotationMoved, m.Time.UTC(), h.Principal
		n.ID = idOf("rotation", h.ID, strconv.Itoa(m.N), string(m.State), strconv.Itoa(m.Tier), m.Hash, stamp(m.Time))
		n.Data = rotation(h, m)
		out = append(out, n)
	}
	return out
}
