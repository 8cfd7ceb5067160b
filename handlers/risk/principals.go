package risk

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"rekey/handlers/cases"
	"rekey/handlers/index"
	"rekey/shared/casefile"
	"rekey/shared/fault"
	"rekey/shared/odata"
	"rekey/shared/score"
	"rekey/shared/trail"
)

const principalSet = "identityProtection/riskyServicePrincipals"

// profile is what Graph says of a risky principal, now or at a time of its history.
type profile struct {
	ODataType     string      `json:"@odata.type"`
	ID            string      `json:"id"`
	AppID         string      `json:"appId"`
	DisplayName   string      `json:"displayName"`
	Enabled       *bool       `json:"isEnabled"` // null: this app does not ask the directory
	Processing    bool        `json:"isProcessing"`
	PrincipalType string      `json:"servicePrincipalType"`
	RiskLevel     score.Level `json:"riskLevel"`
	RiskState     string      `json:"riskState"`
	RiskDetail    string      `json:"riskDetail"`
	UpdatedTime   time.Time   `json:"riskLastUpdatedDateTime"`
}

// principal is Graph's riskyServicePrincipal, with the case behind it.
type principal struct {
	profile
	CaseID  string            `json:"rekeyCaseId"`
	Answers []casefile.Answer `json:"rekeyAnswers"`
	Harm    []casefile.Harm   `json:"rekeyHarm"`

	Writes   []trail.Entry     `json:"rekeyWrites"`   // what it changed in the directory since the case's window began
	Prepared []trail.Entry     `json:"rekeyPrepared"` // what was changed on it since then
	Linked   []casefile.Link   `json:"rekeyLinked"`   // who prepared it, and what it changed
	Owner    *casefile.Inquiry `json:"rekeyOwner"`    // what its owner was asked last, and answered; null when nobody was asked
}

// full makes an empty list of none: a collection that is null breaks clients.
func full[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

func principalForm(c casefile.Case, waiting, known bool) principal {
	kind := "Application"
	if c.Directory != nil && c.Directory.Type != "" {
		kind = c.Directory.Type
	}
	return principal{profile{
		ODataType: "#microsoft.graph.riskyServicePrincipal", ID: c.Principal.Key(), AppID: c.Principal.AppID, DisplayName: c.Principal.Name,
		Processing: waiting, PrincipalType: kind, RiskLevel: c.RiskLevel(), RiskState: c.RiskState(), RiskDetail: mask("riskDetail", c.RiskDetail(), known),
		UpdatedTime: c.Updated,
	}, c.ID, full(c.Answers), full(c.Harm), full(c.Writes), full(c.Prepared), full(c.Linked), c.Owner}
}

var principalSchema = &odata.Schema{
	Filter: map[string]odata.Property{
		"id": {}, "appId": {}, "displayName": {Kind: odata.Fold}, "isProcessing": {Kind: odata.Bool}, "servicePrincipalType": {Kind: odata.Fold},
		"riskLevel": {Kind: odata.Enum, Values: levels}, "riskState": {Kind: odata.Enum, Values: states}, "riskDetail": {Kind: odata.Fold},
		"riskLastUpdatedDateTime": {Kind: odata.Time},
	},
	Select: []string{
		"id", "appId", "displayName", "isEnabled", "isProcessing", "servicePrincipalType", "riskLevel", "riskState", "riskDetail", "riskLastUpdatedDateTime",
		"rekeyCaseId", "rekeyAnswers", "rekeyHarm", "rekeyWrites", "rekeyPrepared", "rekeyLinked", "rekeyOwner",
	},
	Order:  []odata.Order{{Name: "id"}},
	MaxTop: maxTop, Top: defaultTop,
}

// value returns what filters compare.
func (p *profile) value(name string) odata.Value {
	switch name {
	case "id":
		return odata.TextOf(p.ID)
	case "appId":
		return odata.TextOf(p.AppID)
	case "displayName":
		return odata.TextOf(p.DisplayName)
	case "isProcessing":
		return odata.Value{Set: true, Bool: p.Processing}
	case "servicePrincipalType":
		return odata.TextOf(p.PrincipalType)
	case "riskLevel":
		return odata.TextOf(string(p.RiskLevel))
	case "riskState":
		return odata.TextOf(p.RiskState)
	case "riskDetail":
		return odata.TextOf(p.RiskDetail)
	case "riskLastUpdatedDateTime":
		return odata.TimeOf(p.UpdatedTime)
	}
	return odata.Value{}
}

// maxWaiting bounds how many verdicts that wait are looked at for isProcessing in a list.
const maxWaiting = 100

func (h *handler) listPrincipals(w http.ResponseWriter, r *http.Request) error {
	l, err := begin(w, r, principalSet, principalSchema)
	if err != nil {
		return err
	}
	waiting, err := h.Verdicts.Pending(r.Context(), h.Now().Add(time.Hour), maxWaiting)
	if err != nil {
		return err
	}
	l.left -= maxWaiting
	p := &page{}
	consider := func(c casefile.Case, after string) (bool, error) {
		whole := principalForm(c, slices.Contains(waiting, c.Principal.Key()), true)
		if !l.Filter.Match(whole.value) {
			return true, nil
		}
		whole.RiskDetail = mask("riskDetail", whole.RiskDetail, l.known)
		return p.add(l, whole, after)
	}
	if ids, named := l.Filter.Values("id"); named && len(ids) <= maxMerged {
		err = h.eachNamed(r.Context(), l, p, ids, consider)
	} else {
		err = h.eachIndexed(r.Context(), l, p, consider)
	}
	if err != nil {
		return err
	}
	return h.answer(w, r, l, p)
}

func (h *handler) eachIndexed(ctx context.Context, l *list, p *page, consider func(casefile.Case, string) (bool, error)) error {
	partitions := []string{cases.IndexAll}
	if pairs, ok := standings(l.Filter); ok {
		partitions = nil
		for _, s := range pairs {
			partitions = append(partitions, cases.IndexIs(s.state, s.level))
		}
	}
	var bad error
	reading := index.Reading{Partitions: partitions, From: l.from, Limit: l.left, Want: l.Top + 1}
	after, err := h.Cases.Read(ctx, reading, func(c casefile.Case, after string) bool {
		var more bool
		more, bad = consider(c, after)
		return more && bad == nil
	})
	p.end(l, after)
	return errors.Join(err, bad)
}

// eachNamed reads the principals that a filter names by id: one page.
func (h *handler) eachNamed(ctx context.Context, l *list, p *page, ids []string, consider func(casefile.Case, string) (bool, error)) error {
	slices.Sort(ids)
	for _, id := range ids {
		if id < l.from {
			continue
		}
		c, err := h.Cases.Newest(ctx, id)
		if errors.Is(err, fault.NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if more, err := consider(c, id+"\x00"); err != nil || !more {
			p.end(l, id+"\x00")
			return err
		}
	}
	p.end(l, "")
	return nil
}

// find returns a principal's newest case and whether a verdict on it waits. Ids are kept in lower case.
func (h *handler) find(ctx context.Context, id string) (casefile.Case, bool, error) {
	id = strings.ToLower(id)
	c, err := h.Cases.Newest(ctx, id)
	if err != nil {
		return c, false, err
	}
	due, err := h.Verdicts.Due(ctx, id)
	return c, len(due) > 0, err
}

func (h *handler) getPrincipal(w http.ResponseWriter, r *http.Request) error {
	c, waiting, err := h.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.one(w, r, principalSet, principalForm(c, waiting, knows(w, r)), principalSchema)
}
