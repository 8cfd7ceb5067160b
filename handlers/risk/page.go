package risk

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rekey/shared/host/httpapi"
	"rekey/shared/odata"
)

// list is one list request.
type list struct {
	odata.Query
	set   string // entity set, like identityProtection/riskyServicePrincipals
	from  string // position that an earlier page gave
	known bool   // the client knows later members of enums
	left  int    // rows that may be read
}

// begin reads a list request.
func begin(w http.ResponseWriter, r *http.Request, set string, schema *odata.Schema) (*list, error) {
	q, err := options(r, schema)
	if err != nil {
		return nil, err
	}
	l := &list{Query: q, set: set, known: knows(w, r), left: maxRows}
	if q.Skip != "" {
		if l.from, err = l.position(r); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// options reads the query. One that cannot be read as a whole is refused: an option that is dropped lies.
func options(r *http.Request, schema *odata.Schema) (odata.Query, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return odata.Query{}, httpapi.BadRequest("the query cannot be read: percent-encode its values.")
	}
	q, err := odata.Parse(values, schema, "code") // the function key, which the host has checked
	if err != nil {
		return q, httpapi.BadRequest("%s.", err)
	}
	return q, nil
}

// tokenVersion begins every $skiptoken. A token holds a position in an index and a mark of the list it belongs to. It needs
// no signature: whoever makes one up reads what he may read anyway, from another place on.
const tokenVersion = "1"

func (l *list) token(r *http.Request, position string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(tokenVersion + l.mark(r) + position))
}

// mark tells lists apart: the same collection with another filter or order has other pages.
func (l *list) mark(r *http.Request) string {
	h := fnv.New32a()
	q := r.URL.Query()
	for _, s := range []string{r.URL.Path, q.Get("$filter"), q.Get("filter"), l.Order.String()} {
		_, _ = h.Write([]byte(s + "\x00")) // it never fails
	}
	return fmt.Sprintf("%08x", h.Sum32())
}

func (l *list) position(r *http.Request) (string, error) {
	const head = len(tokenVersion) + 8
	b, err := base64.RawURLEncoding.DecodeString(l.Skip)
	if err != nil || len(b) <= head || string(b[:head]) != tokenVersion+l.mark(r) || len(b) > 1000 {
		return "", httpapi.BadRequest("the $skiptoken is not one of this list: follow @odata.nextLink as it is.")
	}
	return string(b[head:]), nil
}

// page is what a list request found.
type page struct {
	values  []json.RawMessage
	full    string // position behind the last value of a full page
	matched int    // how many matched, as far as was read
	next    string // position to go on from; "" at the end
	all     bool   // everything was read
}

// add takes what was read next, and reports whether more is wanted. One more than the page holds is looked for, so that the
// last page has no link.
func (p *page) add(l *list, value any, after string) (bool, error) {
	p.matched++
	if p.matched > l.Top {
		return l.counting(), nil
	}
	b, err := render(value, l.Select)
	if err != nil {
		return false, err
	}
	p.values, p.full = append(p.values, b), after
	return true, nil
}

// end notes where reading ended: "" when everything was read.
func (p *page) end(l *list, after string) {
	p.all, p.next = after == "", after
	if p.matched > l.Top {
		p.next = p.full
	}
}

// counting reports whether everything that matches is to be counted: on the first page only.
func (l *list) counting() bool { return l.Count && l.Skip == "" }

// answer writes a page in the form of Graph's collections. The values are JSON already and are not looked at again.
func (h *handler) answer(w http.ResponseWriter, r *http.Request, l *list, p *page) error {
	head := map[string]any{"@odata.context": h.context(r, l.set, l.Select)}
	switch {
	case l.counting() && p.all:
		head["@odata.count"] = p.matched
	case l.counting():
		head["@rekey.countAtLeast"] = p.matched // more rows than a request may read
	}
	if p.next != "" {
		u := *r.URL
		q := u.Query()
		q.Del("code") // a key has no place in a link that is logged and passed on
		q.Del("skiptoken")
		q.Set("$skiptoken", l.token(r, p.next))
		u.RawQuery = strings.ReplaceAll(q.Encode(), "%24", "$")
		head["@odata.nextLink"] = httpapi.Origin(r) + u.RequestURI()
	}
	out, err := json.Marshal(head)
	if err != nil {
		return err
	}
	size := len(out) + len(`,"value":[]}`)
	for _, v := range p.values {
		size += len(v) + len(",")
	}
	out = slices.Grow(out, size) // once: a page is large, and growing it step by step costs more than anything else here
	out = append(out[:len(out)-1], `,"value":[`...)
	for i, v := range p.values {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, v...)
	}
	httpapi.Raw(w, http.StatusOK, append(out, "]}"...))
	return nil
}

func (h *handler) context(r *http.Request, set string, selected []string) string {
	c := httpapi.Origin(r) + h.Prefix + "/$metadata#" + set
	if selected != nil {
		c += "(" + strings.Join(selected, ",") + ")"
	}
	return c
}

// one answers a single entity.
func (h *handler) one(w http.ResponseWriter, r *http.Request, set string, value any, schema *odata.Schema) error {
	q, err := options(r, schema)
	switch {
	case err != nil:
		return err
	case q.Filter != nil || q.Count || q.Skip != "" || q.Top != schema.Top:
		return httpapi.BadRequest("one resource is asked for: there is $select, and nothing else.")
	}
	b, err := render(value, q.Select)
	if err != nil {
		return err
	}
	c, err := json.Marshal(h.context(r, set, q.Select) + "/$entity")
	if err != nil {
		return err
	}
	httpapi.Raw(w, http.StatusOK, bytes.Join([][]byte{[]byte(`{"@odata.context":`), c, []byte(","), b[1:]}, nil))
	return nil
}

// render writes an entity, or what was selected of it, in the order of the question.
func render(value any, selected []string) (json.RawMessage, error) {
	b, err := json.Marshal(value)
	if err != nil || selected == nil {
		return b, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, name := range selected {
		fmt.Fprintf(&out, "%c%q:", "{,"[min(i, 1)], name)
		out.Write(all[name])
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}
