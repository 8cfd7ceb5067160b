package policy

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"sort"
	"strings"

	"rekey/shared/fault"
)

// Draft is what somebody asked for. What is empty was not said.
type Draft struct {
	Name    string
	State   string
	Include []string
	Exclude []string
	Levels  []string
}

// Parse reads the body of a request: Graph's conditionalAccessPolicy, as far as a risk-based block policy for service
// principals can have its properties. An error is of kind fault.Poison and says which property is wrong, and what is
// allowed. Nothing is ignored but what Graph itself fills in.
func Parse(data []byte) (Draft, error) { return parse(data, false) }

// Stored reads a policy as Graph returns it. Properties that this program does not know are taken when they are empty; a
// policy that has more than Rekey's kind of policy is an error, for to change it would lose that.
func Stored(data []byte) (Policy, error) {
	d, err := parse(data, true)
	if err == nil && (len(d.Include) == 0 || len(d.Levels) == 0) {
		err = fault.Errorf(fault.Poison, "reading policy: it names no service principals or no levels of risk")
	}
	return Policy(d).tidy(), err
}

func parse(data []byte, stored bool) (Draft, error) {
	r := reader{stored: stored}
	root, err := object(data)
	if err == nil {
		err = r.properties("", root, r.policy())
	}
	if err != nil {
		return Draft{}, fault.Errorf(fault.Poison, "reading policy: %w", err)
	}
	return r.draft, nil
}

// object reads one JSON object and nothing after it.
func object(data []byte) (map[string]any, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	var out map[string]any
	err := d.Decode(&out)
	if err == nil && out == nil {
		err = errors.New("it is null")
	}
	if err == nil {
		if _, rest := d.Token(); !errors.Is(rest, io.EOF) {
			err = errors.New("something follows the object")
		}
	}
	switch {
	case err == nil:
		return out, nil
	case bytes.ContainsAny(data, "“”„"):
		return nil, errors.New("the body is not JSON: it has typographic quotes; write \" for each of them")
	}
	return nil, fmt.Errorf("the body is not one JSON object: %w", err)
}

// reader collects a draft.
type reader struct {
	draft  Draft
	stored bool
}

// property checks a value and keeps what it says.
type property func(path string, v any) error

// policy lists the properties of a conditionalAccessPolicy.
func (r *reader) policy() map[string]property {
	return map[string]property{
		"displayName": r.name, "state": r.state,
		"conditions": r.object(map[string]property{
			"clientAppTypes": only("all"),
			"applications": r.object(map[string]property{
				"includeApplications": only("All"), "excludeApplications": empty, "includeUserActions": empty,
				"includeAuthenticationContextClassReferences": empty, "applicationFilter": empty,
			}),
			"users": r.object(map[string]property{
				"includeUsers": only("None"), "excludeUsers": empty, "includeGroups": empty, "excludeGroups": empty, "includeRoles": empty,
				"excludeRoles": empty, "includeGuestsOrExternalUsers": empty, "excludeGuestsOrExternalUsers": empty,
			}),
			"clientApplications": r.object(map[string]property{
				"includeServicePrincipals": principals(&r.draft.Include, true), "excludeServicePrincipals": principals(&r.draft.Exclude, false),
				"servicePrincipalFilter": empty,
			}),
			"servicePrincipalRiskLevels": r.levels, "userRiskLevels": empty, "signInRiskLevels": empty, "insiderRiskLevels": empty,
			"platforms": empty, "locations": empty, "devices": empty, "authenticationFlows": empty,
		}),
		"grantControls": r.object(map[string]property{
			"operator": operator, "builtInControls": only("block"), "customAuthenticationFactors": empty, "termsOfUse": empty,
			"authenticationStrength": empty,
		}),
		"sessionControls": empty,
		"id":              filled, "createdDateTime": filled, "modifiedDateTime": filled, "templateId": filled,
	}
}

func (r *reader) object(of map[string]property) property {
	return func(path string, v any) error {
		if v == nil {
			return nil
		}
		m, ok := v.(map[string]any)
		if !ok {
			return fmt.Errorf("%s must be an object", path)
		}
		return r.properties(path+".", m, of)
	}
}

// properties checks all properties of an object in the order of their names, so that the same body has the same error.
func (r *reader) properties(prefix string, m map[string]any, of map[string]property) error {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		check, path := of[name], prefix+name
		switch {
		case strings.Contains(name, "@odata."): // an annotation
		case check != nil:
			if err := check(path, m[name]); err != nil {
				return err
			}
		case r.stored && empty(path, m[name]) == nil:
		default:
			return fmt.Errorf("%.100s is not a property of a risk-based block policy for service principals", path)
		}
	}
	return nil
}

// filled is what Graph fills in, and ignores.
func filled(string, any) error { return nil }

// empty takes what says nothing.
func empty(path string, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		if len(v) == 0 {
			return nil
		}
	case map[string]any:
		for _, inner := range v {
			if empty(path, inner) != nil {
				return fmt.Errorf("%s must be empty: the policy is for service principals at risk and for nothing else", path)
			}
		}
		return nil
	}
	return fmt.Errorf("%s must be empty: the policy is for service principals at risk and for nothing else", path)
}

// only takes a list of one value, or an empty one.
func only(value string) property {
	return func(path string, v any) error {
		list, err := texts(path, v)
		if err == nil && len(list) > 0 && !slices.Equal(list, []string{value}) {
			err = fmt.Errorf("%s must be [%q]: the policy has no other", path, value)
		}
		return err
	}
}

func operator(path string, v any) error {
	s, ok := v.(string)
	if v != nil && (!ok || !strings.EqualFold(s, "or") && !strings.EqualFold(s, "and")) {
		return fmt.Errorf("%s must be OR or AND", path)
	}
	return nil
}

func (r *reader) name(path string, v any) error {
	s, ok := v.(string)
	control := func(c rune) bool { return c < ' ' || c == 0x7f }
	switch {
	case !ok || strings.TrimSpace(s) == "":
		return fmt.Errorf("%s must be a name", path)
	case r.stored:
	case len(s) > MaxName || strings.ContainsFunc(s, control):
		return fmt.Errorf("%s must be a name of at most %d bytes on one line", path, MaxName)
	case Marked(s):
		s = Plain(s) // sent back as it was read
	}
	r.draft.Name = s
	return nil
}

func (r *reader) state(path string, v any) error {
	s, _ := v.(string)
	if !slices.Contains([]string{ReportOnly, Enforced, Off}, s) {
		return fmt.Errorf("%s must be %s (which is taken when it is left out), %s or %s", path, ReportOnly, Enforced, Off)
	}
	r.draft.State = s
	return nil
}

func (r *reader) levels(path string, v any) error {
	list, err := texts(path, v)
	for _, l := range list {
		if !slices.Contains(Levels, l) {
			return fmt.Errorf("%s must name low, medium or high, not %.40q", path, l)
		}
	}
	r.draft.Levels = list
	return err
}

var guid = regexp.MustCompile(`^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$`)

// maxPrincipals is how many principals a list may name. Graph's own limit is not documented.
const maxPrincipals = 500

func principals(into *[]string, all bool) property {
	return func(path string, v any) error {
		list, err := texts(path, v)
		if err != nil {
			return err
		}
		if len(list) > maxPrincipals {
			return fmt.Errorf("%s names %d service principals, at most %d", path, len(list), maxPrincipals)
		}
		for i, id := range list {
			if all && id == AllOwn {
				continue
			}
			if !guid.MatchString(id) {
				return fmt.Errorf("%s names %.60q: object ids of service principals are asked for, GUIDs like 11111111-2222-3333-4444-555555555555", path, id)
			}
			list[i] = strings.ToLower(id)
		}
		if slices.Contains(list, AllOwn) && len(list) > 1 {
			return fmt.Errorf("%s names %s and others: one or the other", path, AllOwn)
		}
		*into = list
		return nil
	}
}

func texts(path string, v any) ([]string, error) {
	if v == nil {
		return nil, nil
	}
	list, ok := v.([]any)
	out := make([]string, len(list))
	for i, e := range list {
		s, isText := e.(string)
		ok = ok && isText
		out[i] = s
	}
	if !ok {
		return nil, fmt.Errorf("%s must be a list of strings", path)
	}
	return out, nil
}

// New makes the policy of a draft. A state that was not said is report-only. The error is of kind fault.Poison.
func (d Draft) New() (Policy, error) {
	if d.State == "" {
		d.State = ReportOnly
	}
	missing := map[string]bool{
		"displayName": d.Name == "", "conditions.clientApplications.includeServicePrincipals": len(d.Include) == 0,
		"conditions.servicePrincipalRiskLevels": len(d.Levels) == 0,
	}
	for _, name := range []string{"displayName", "conditions.clientApplications.includeServicePrincipals", "conditions.servicePrincipalRiskLevels"} {
		if missing[name] {
			return Policy{}, fault.Errorf(fault.Poison, "reading policy: %s is missing", name)
		}
	}
	return Policy(d).tidy(), nil
}

// Over returns a policy with what a draft says changed. A list that the draft empties is an error, except exclusions; a
// state that it does not say stays.
func (d Draft) Over(p Policy) (Policy, error) {
	if (d.Include != nil && len(d.Include) == 0) || (d.Levels != nil && len(d.Levels) == 0) {
		return p, fault.Errorf(fault.Poison, "reading policy: includeServicePrincipals and servicePrincipalRiskLevels cannot become empty: remove the policy instead")
	}
	if d.Name != "" {
		p.Name = d.Name + p.Name[len(Plain(p.Name)):] // the mark stays
	}
	if d.State != "" {
		p.State = d.State
	}
	if d.Include != nil {
		p.Include = d.Include
	}
	if d.Exclude != nil {
		p.Exclude = d.Exclude
	}
	if d.Levels != nil {
		p.Levels = d.Levels
	}
	return p.tidy(), nil
}
