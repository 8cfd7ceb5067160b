package risk

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"

	"rekey/handlers/findings"
	"rekey/handlers/index"
	"rekey/shared/detect"
	"rekey/shared/fault"
	"rekey/shared/odata"
	"rekey/shared/report"
	"rekey/shared/score"
)

const detectionSet = "identityProtection/servicePrincipalRiskDetections"

// detection is Graph's servicePrincipalRiskDetection, with Rekey's score behind it. The names have a prefix of their own
// because Graph may add a score some day.
type detection struct {
	report.RiskDetection
	Score         float64              `json:"rekeyScore"`
	Contributions []score.Contribution `json:"rekeyContributions"`
}

func detectionForm(d detect.Detection, graph report.RiskDetection, known bool) detection {
	out := detection{graph, d.Bits, d.Contributions}
	out.RiskDetail, out.Activity = mask("riskDetail", out.RiskDetail, known), mask("activity", out.Activity, known)
	return out
}

// Levels and states as Graph's enums have them.
var (
	levels = []string{"low", "medium", "high", "hidden", "none", "unknownFutureValue"}
	states = []string{"none", "confirmedSafe", "remediated", "dismissed", "atRisk", "confirmedCompromised", "unknownFutureValue"}
)

var detectionSchema = &odata.Schema{
	Filter: map[string]odata.Property{
		"id": {}, "requestId": {}, "correlationId": {}, "servicePrincipalId": {}, "appId": {}, "ipAddress": {},
		"riskEventType": {Kind: odata.Fold, Aliases: detect.TypesBefore()},
		"riskLevel":     {Kind: odata.Enum, Values: levels}, "riskState": {Kind: odata.Enum, Values: states},
		"riskDetail": {Kind: odata.Fold}, "source": {Kind: odata.Fold}, "detectionTimingType": {Kind: odata.Fold}, "activity": {Kind: odata.Fold},
		"tokenIssuerType": {Kind: odata.Fold}, "servicePrincipalDisplayName": {Kind: odata.Fold},
		"activityDateTime": {Kind: odata.Time}, "detectedDateTime": {Kind: odata.Time}, "lastUpdatedDateTime": {Kind: odata.Time},
	},
	Select: []string{
		"id", "requestId", "correlationId", "riskEventType", "riskState", "riskLevel", "riskDetail", "source", "detectionTimingType", "activity",
		"tokenIssuerType", "ipAddress", "location", "activityDateTime", "detectedDateTime", "lastUpdatedDateTime", "servicePrincipalId",
		"servicePrincipalDisplayName", "appId", "keyIds", "additionalInfo", "rekeyScore", "rekeyContributions",
	},
	Order:  []odata.Order{{Name: "detectedDateTime", Desc: true}},
	MaxTop: maxTop, Top: defaultTop,
}

// property returns what filters compare.
func property(d *report.RiskDetection) func(string) odata.Value {
	optional := func(s *string) odata.Value {
		if s == nil {
			return odata.Value{}
		}
		return odata.TextOf(*s)
	}
	return func(name string) odata.Value {
		switch name {
		case "id":
			return odata.TextOf(d.ID)
		case "requestId":
			return optional(d.RequestID)
		case "correlationId":
			return optional(d.CorrelationID)
		case "servicePrincipalId":
			return odata.TextOf(d.PrincipalID)
		case "appId":
			return odata.TextOf(d.AppID)
		case "ipAddress":
			return optional(d.IPAddress)
		case "riskEventType":
			return odata.TextOf(d.RiskEventType)
		case "riskLevel":
			return odata.TextOf(string(d.RiskLevel))
		case "riskState":
			return odata.TextOf(d.RiskState)
		case "riskDetail":
			return odata.TextOf(d.RiskDetail)
		case "source":
			return odata.TextOf(d.Source)
		case "detectionTimingType":
			return odata.TextOf(d.TimingType)
		case "activity":
			return odata.TextOf(d.Activity)
		case "tokenIssuerType":
			return odata.TextOf(d.TokenIssuerType)
		case "servicePrincipalDisplayName":
			return odata.TextOf(d.PrincipalName)
		case "activityDateTime":
			return odata.TimeOf(d.ActivityTime)
		case "detectedDateTime":
			return odata.TimeOf(d.DetectedTime)
		case "lastUpdatedDateTime":
			return odata.TimeOf(d.UpdatedTime)
		}
		return odata.Value{}
	}
}

// maxMerged bounds how many partitions are read as one, and how many ids one by one.
const maxMerged = 20

// partitions chooses what is read: the principals that a filter names, else its states and levels, else everything.
func partitions(f *odata.Expr) []string {
	var out []string
	if ids, ok := f.Values("servicePrincipalId"); ok && len(ids) <= maxMerged {
		for _, id := range ids {
			out = append(out, findings.IndexOf(id))
		}
		return out
	}
	if pairs, ok := standings(f); ok {
		for _, p := range pairs {
			out = append(out, findings.IndexIs(p.state, p.level))
		}
		return out
	}
	return []string{findings.IndexTime}
}

// standing is a state and a level that go together: what is closed has no level.
type standing struct {
	state string
	level score.Level
}

// standings returns the states and levels that a filter could match, and false when it asks for neither.
func standings(f *odata.Expr) ([]standing, bool) {
	byState, bounded := f.Values("riskState")
	byLevel, also := f.Values("riskLevel")
	if !bounded && !also {
		return nil, false
	}
	out := []standing{}
	for _, s := range []string{detect.StateAtRisk, detect.StateConfirmedCompromised, detect.StateDismissed, detect.StateConfirmedSafe, detect.StateRemediated} {
		open := s == detect.StateAtRisk || s == detect.StateConfirmedCompromised
		for _, l := range []score.Level{score.LevelLow, score.LevelMedium, score.LevelHigh, score.LevelNone} {
			if (l != score.LevelNone) == open && (!bounded || slices.Contains(byState, s)) && (!also || slices.Contains(byLevel, string(l))) {
				out = append(out, standing{s, l})
			}
		}
	}
	return out, true
}

func (h *handler) listDetections(w http.ResponseWriter, r *http.Request) error {
	l, err := begin(w, r, detectionSet, detectionSchema)
	if err != nil {
		return err
	}
	p := &page{}
	ids, named := l.Filter.Values("id")
	if named && len(ids) <= maxMerged {
		err = h.named(r.Context(), l, p, ids)
	} else {
		err = h.indexed(r.Context(), l, p)
	}
	if err != nil {
		return err
	}
	return h.answer(w, r, l, p)
}

// indexed reads a page of detections from the index.
func (h *handler) indexed(ctx context.Context, l *list, p *page) error {
	oldest, newest := l.Filter.Range("detectedDateTime")
	reading := index.Reading{Partitions: partitions(l.Filter), From: l.from, Limit: l.left, Want: l.Top + 1}
	if !newest.IsZero() {
		reading.From = max(reading.From, findings.From(newest))
	}
	var bad error
	over := false
	after, err := h.Findings.Read(ctx, reading, func(d detect.Detection, after string) bool {
		if over = d.Detected.Before(oldest); over {
			return false
		}
		var more bool
		more, bad = p.consider(l, d, after)
		return more && bad == nil
	})
	if over {
		after = ""
	}
	p.end(l, after)
	return errors.Join(err, bad)
}

// consider adds a detection to the page if it matches.
func (p *page) consider(l *list, d detect.Detection, after string) (bool, error) {
	graph := report.Graph(d)
	if !l.Filter.Match(property(&graph)) {
		return true, nil
	}
	return p.add(l, detectionForm(d, graph, l.known), after)
}

// named reads the detections that a filter names by id: one page.
func (h *handler) named(ctx context.Context, l *list, p *page, ids []string) error {
	var found []detect.Detection
	for _, id := range ids {
		d, err := h.Findings.ByID(ctx, id)
		switch {
		case errors.Is(err, fault.NotFound):
		case err != nil:
			return err
		default:
			found = append(found, d)
		}
	}
	slices.SortFunc(found, func(a, b detect.Detection) int { return strings.Compare(findings.Position(a), findings.Position(b)) })
	for _, d := range found {
		if findings.Position(d) < l.from {
			continue
		}
		if more, err := p.consider(l, d, findings.Position(d)+"\x00"); err != nil || !more {
			p.end(l, findings.Position(d)+"\x00")
			return err
		}
	}
	p.end(l, "")
	return nil
}

func (h *handler) getDetection(w http.ResponseWriter, r *http.Request) error {
	d, err := h.Findings.ByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.one(w, r, detectionSet, detectionForm(d, report.Graph(d), knows(w, r)), detectionSchema)
}
