package remediations

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"

	"rekey/handlers/index"
	"rekey/shared/host/httpapi"
	"rekey/shared/odata"
	"rekey/shared/remedy"
)

// maxRows bounds what is read for one page: an index row and a journal for each.
const maxRows = 400

var schema = &odata.Schema{
	Filter: map[string]odata.Property{
		"state": {Kind: odata.Enum, Values: []string{
			string(remedy.StatePlanned), string(remedy.StateAwaitingApproval), string(remedy.StateRunning), string(remedy.StateWatching), string(remedy.StateContained),
			string(remedy.StateDone), string(remedy.StateFailed), string(remedy.StateRejected), string(remedy.StateCancelled),
		}},
		"servicePrincipalId": {}, "appId": {}, "caseId": {}, "displayName": {Kind: odata.Fold}, "createdDateTime": {Kind: odata.Time},
	},
	Order:  []odata.Order{{Name: "createdDateTime", Desc: true}},
	MaxTop: 100, Top: 20,
}

func property(o *remedy.Operation) func(string) odata.Value {
	return func(name string) odata.Value {
		switch name {
		case "state":
			return odata.TextOf(string(o.State))
		case "servicePrincipalId":
			return odata.TextOf(o.Principal.ObjectID)
		case "appId":
			return odata.TextOf(o.Principal.AppID)
		case "caseId":
			return odata.TextOf(o.Case)
		case "displayName":
			return odata.TextOf(o.Principal.Name)
		case "createdDateTime":
			return odata.TimeOf(o.Opened)
		}
		return odata.Value{}
	}
}

// list answers a page, the newest first. Where few match a page may have few, or none, and a link.
func (h *handler) list(w http.ResponseWriter, r *http.Request) error {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return httpapi.BadRequest("The query cannot be read: percent-encode its values.")
	}
	q, err := odata.Parse(values, schema, "code") // the function key, which the host has checked
	switch {
	case err != nil:
		return httpapi.BadRequest("%s.", err)
	case q.Select != nil || q.Count:
		return httpapi.BadRequest("There is no $select and no $count here: $filter, $top and $skiptoken are offered.")
	}
	reading := index.Reading{Limit: maxRows, Want: q.Top + 1}
	if reading.From, err = position(q.Skip); err != nil {
		return err
	}
	out := httpapi.Collection[remediation]{Value: []remediation{}}
	full, more := "", false
	after, err := h.Operations.Newest(r.Context(), reading, func(o remedy.Operation, after string) bool {
		if !q.Filter.Match(property(&o)) {
			return true
		}
		if more = len(out.Value) == q.Top; more {
			return false
		}
		out.Value, full = append(out.Value, h.form(r, &o)), after
		return true
	})
	if err != nil {
		return err
	}
	if more {
		after = full
	}
	if after != "" {
		out.Next = h.next(r, after)
	}
	httpapi.JSON(w, http.StatusOK, out)
	return nil
}

// tokenVersion begins every $skiptoken, which is a position in the index and no secret.
const tokenVersion = "1"

func position(token string) (string, error) {
	if token == "" {
		return "", nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	at, ok := strings.CutPrefix(string(b), tokenVersion)
	if err != nil || !ok || at == "" || len(at) > 1000 {
		return "", httpapi.BadRequest("The $skiptoken is not one of this list: follow @odata.nextLink as it is.")
	}
	return at, nil
}

func (h *handler) next(r *http.Request, at string) string {
	q := r.URL.Query()
	q.Del("code") // a key has no place in a link that is logged and passed on
	q.Del("skiptoken")
	q.Set("$skiptoken", base64.RawURLEncoding.EncodeToString([]byte(tokenVersion+at)))
	return httpapi.Origin(r) + h.Prefix + "/remediations?" + strings.ReplaceAll(q.Encode(), "%24", "$")
}
