package risk

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"rekey/shared/casefile"
	"rekey/shared/detect"
	"rekey/shared/odata"
	"rekey/shared/score"
	"rekey/shared/verdict"
)

// item is Graph's riskyServicePrincipalHistoryItem.
type item struct {
	profile
	PrincipalID string    `json:"servicePrincipalId"`
	InitiatedBy *string   `json:"initiatedBy"` // who said it, by ids; null when nobody did
	Activity    *activity `json:"activity"`
}

// activity is Graph's riskServicePrincipalActivity.
type activity struct {
	Detail string   `json:"detail"`
	Types  []string `json:"riskEventTypes"`
}

var historySchema = &odata.Schema{
	Filter: principalSchema.Filter,
	Select: append(slices.Clone(principalSchema.Select[:10]), "servicePrincipalId", "initiatedBy", "activity"),
	Order:  []odata.Order{{Name: "riskLastUpdatedDateTime", Desc: true}},
	MaxTop: maxTop, Top: defaultTop,
}

// listHistory lists what was found and said. It is made from what is kept: the newest few hundred detections and verdicts.
func (h *handler) listHistory(w http.ResponseWriter, r *http.Request) error {
	c, waiting, err := h.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	l, err := begin(w, r, principalSet+"('"+c.Principal.Key()+"')/history", historySchema)
	if err != nil {
		return err
	}
	found, err := h.Findings.Of(r.Context(), c.Principal.Key())
	if err != nil {
		return err
	}
	said, err := h.Verdicts.Of(r.Context(), c.Principal.Key())
	if err != nil {
		return err
	}
	p := &page{}
	items := history(c, waiting, found, said)
	for _, x := range items {
		at := x.position()
		if at < l.from || !l.Filter.Match(x.value) {
			continue
		}
		x.RiskDetail = mask("riskDetail", x.RiskDetail, l.known)
		x.Activity.Detail = mask("riskDetail", x.Activity.Detail, l.known)
		if _, err := p.add(l, x, at+"\x00"); err != nil {
			return err
		}
	}
	p.end(l, "")
	return h.answer(w, r, l, p)
}

// position sorts the newest first.
func (x *item) position() string {
	const end = 1 << 53
	return fmt.Sprintf("%016x-%s", end-x.UpdatedTime.UnixMilli(), x.ID)
}

// history is what became of a principal, the newest first: each detection when it was found, each verdict that was carried
// out when it was given.
func history(c casefile.Case, waiting bool, found []detect.Detection, said []verdict.Verdict) []*item {
	now := principalForm(c, waiting, true).profile
	now.ODataType = "#microsoft.graph.riskyServicePrincipalHistoryItem"
	var out []*item
	add := func(id string, at time.Time, by *string, a activity) *item {
		x := &item{profile: now, PrincipalID: c.Principal.Key(), InitiatedBy: by, Activity: &a}
		x.ID, x.UpdatedTime, x.RiskDetail = id, at, a.Detail
		out = append(out, x)
		return x
	}
	for _, d := range found {
		if d.Type == detect.TypeAdminConfirmed || !d.Worth() {
			continue // the verdict says so
		}
		var by *string
		if d.Rule == verdict.RuleRequest {
			by = &d.Subject
		}
		x := add(d.ID, d.Detected, by, activity{detect.DetailNone, []string{d.Type}})
		x.RiskState, x.RiskLevel = detect.StateAtRisk, d.Level
	}
	for _, v := range said {
		if v.Done.IsZero() {
			continue
		}
		by, types := v.By, []string{}
		if v.Kind == verdict.ConfirmCompromised {
			types = []string{detect.TypeAdminConfirmed}
		}
		x := add(v.ID, v.At, &by, activity{v.Kind.Detail(), types})
		x.RiskState, x.RiskLevel = v.Kind.State(), score.LevelNone
		if v.Kind == verdict.ConfirmCompromised {
			x.RiskLevel = score.LevelHigh
		}
	}
	slices.SortFunc(out, func(a, b *item) int { return strings.Compare(a.position(), b.position()) })
	return out
}
