package odata_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/odata"
)

var levels = []string{"low", "medium", "high", "none"}

var schema = &odata.Schema{
	Filter: map[string]odata.Property{
		"riskLevel": {Kind: odata.Enum, Values: levels}, "appId": {Kind: odata.Text}, "source": {Kind: odata.Fold},
		"type":             {Kind: odata.Text, Aliases: map[string]string{"oldname": "newName"}},
		"detectedDateTime": {Kind: odata.Time}, "isProcessing": {Kind: odata.Bool},
	},
	Select: []string{"riskLevel", "appId", "detectedDateTime"},
	Order:  []odata.Order{{Name: "detectedDateTime", Desc: true}, {Name: "id"}},
	MaxTop: 1000, Top: 100,
}

var day = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func object(level, app string, at time.Time) func(string) odata.Value {
	return func(name string) odata.Value {
		switch name {
		case "riskLevel":
			return odata.TextOf(level)
		case "appId":
			return odata.TextOf(app)
		case "source":
			return odata.TextOf("IdentityProtection")
		case "type":
			return odata.TextOf("newName")
		case "detectedDateTime":
			return odata.TimeOf(at)
		}
		return odata.Value{Set: true, Bool: true}
	}
}

func TestAFilterMatchesAsODataSays(t *testing.T) {
	high := object("high", "it's", day)
	for filter, want := range map[string]bool{
		"riskLevel eq 'high'":                                              true,
		"riskLevel eq 'High'":                                              true,
		"riskLevel ne 'high'":                                              false,
		"not riskLevel eq 'high'":                                          false,
		"not (riskLevel eq 'high') or appId eq 'it''s'":                    true,
		"riskLevel eq 'low' or riskLevel eq 'high' and appId eq 'x'":       false, // and binds tighter
		"(riskLevel eq 'low' or riskLevel eq 'high') and appId eq 'it''s'": true,
		"riskLevel in ('low', 'high')":                                     true,
		"not (riskLevel in ('low','high'))":                                false,
		"appId eq null":                                                    false,
		"appId ne null":                                                    true,
		"source eq 'identityprotection'":                                   true,
		"type eq 'oldName'":                                                true,
		"detectedDateTime ge 2026-11-24T00:00:00Z":                         true,
		"detectedDateTime gt 2026-11-24T00:00:00Z":                         false,
		"detectedDateTime le '2026-11-24T00:00:00.0000000Z'":               true,
		"detectedDateTime lt 2026-11-25":                                   true,
		"detectedDateTime eq 2026-11-24T01:00:00+01:00":                    true,
		"isProcessing eq true":                                             true,
		"isProcessing ne true":                                             false,
	} {
		e, err := odata.ParseFilter(filter, schema)
		if err != nil {
			t.Errorf("%s: %v", filter, err)
			continue
		}
		if got := e.Match(high); got != want {
			t.Errorf("%s is %v", filter, got)
		}
	}
}

func TestAFilterThatIsNotUnderstoodIsAnErrorThatHelps(t *testing.T) {
	for filter, want := range map[string]string{
		"":                           "ends where a property",
		"riskLevel":                  "ends where eq, ne",
		"riskLevel eq":               "ends where a text in single quotes",
		"riskLevel eq high":          "a text in single quotes",
		"riskLevel eq 'high":         "no closing quote",
		"riskLevel eq 'huge'":        "there are low, medium, high, none",
		"riskLevel ge 'low'":         "riskLevel has no order",
		"riskLevel eq 'low' 'high'":  "and, or, or the end",
		"riskLevel eq 'low' eq true": "and, or, or the end",
		"colour eq 'red'":            "what can: appId, detectedDateTime",
		"startswith(appId,'a')":      "cannot be filtered by",
		"riskLevel in ()":            "a text in single quotes",
		"riskLevel in ('low'":        "a comma or a closing parenthesis",
		"riskLevel in 'low'":         "a list in parentheses",
		"(riskLevel eq 'low'":        "closing parenthesis",
		"detectedDateTime ge soon":   "is no time",
		"detectedDateTime ge null":   "null has no order",
		"isProcessing eq 'true'":     "a value of isProcessing",
		"riskLevel eq \"high\"":      "texts stand in single quotes",
		strings.Repeat("(", 5000):    "at most 4096",
		strings.Repeat("not ", 999):  "nested more than 32 deep",
		"appId in (" + strings.Repeat("'a',", 100) + "'b')": "at most 100 values",
	} {
		if _, err := odata.ParseFilter(filter, schema); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want %q", filter, err, want)
		}
	}
}

func TestAnIndexIsChosenByWhatCouldMatch(t *testing.T) {
	for filter, want := range map[string]string{
		"riskLevel eq 'high'":                        "high",
		"riskLevel in ('low','high')":                "low high",
		"riskLevel ne 'none'":                        "low medium high",
		"not (riskLevel ne 'none')":                  "none",
		"riskLevel eq 'low' or riskLevel eq 'high'":  "high low",
		"riskLevel eq 'low' and riskLevel eq 'high'": "",
		"riskLevel eq 'low' or appId eq 'a'":         "any",
		"riskLevel eq 'low' and appId eq 'a'":        "low",
		"not (riskLevel eq 'low' or appId eq 'a')":   "medium high none",
		"appId eq 'a'":                               "any",
	} {
		e, err := odata.ParseFilter(filter, schema)
		if err != nil {
			t.Fatal(err)
		}
		got, bounded := e.Values("riskLevel")
		if text := strings.Join(got, " "); text != want && (bounded || want != "any") {
			t.Errorf("%s: %q (%v), want %q", filter, text, bounded, want)
		}
	}
}

func TestATimeRangeIsReadFromAFilter(t *testing.T) {
	next := day.AddDate(0, 0, 1)
	e, err := odata.ParseFilter("detectedDateTime ge 2026-11-24 and detectedDateTime lt 2026-11-25 and riskLevel eq 'low'", schema)
	if err != nil {
		t.Fatal(err)
	}
	if from, to := e.Range("detectedDateTime"); !from.Equal(day) || !to.Equal(next) {
		t.Errorf("%s to %s", from, to)
	}
	if e, err = odata.ParseFilter("detectedDateTime ge 2026-11-24 or riskLevel eq 'low'", schema); err != nil {
		t.Fatal(err)
	}
	if from, to := e.Range("detectedDateTime"); !from.IsZero() || !to.IsZero() {
		t.Errorf("%s to %s", from, to)
	}
}

// Whatever matches lies within what the filter says could match: an index never hides a match.
func TestNothingThatMatchesIsOutsideTheIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		filter := expression(t, 4)
		e, err := odata.ParseFilter(filter, schema)
		if err != nil {
			t.Fatalf("%s: %v", filter, err)
		}
		level, at := rapid.SampledFrom(levels).Draw(t, "level"), day.AddDate(0, 0, rapid.IntRange(-2, 2).Draw(t, "day"))
		if !e.Match(object(level, "a", at)) {
			return
		}
		if set, bounded := e.Values("riskLevel"); bounded && !slices.Contains(set, level) {
			t.Fatalf("%s matches %s, which is not in %v", filter, level, set)
		}
		from, to := e.Range("detectedDateTime")
		if at.Before(from) || !to.IsZero() && at.After(to) {
			t.Fatalf("%s matches %s, which is not within %s and %s", filter, at, from, to)
		}
	})
}

func expression(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind = 3 + kind%3
	}
	switch kind {
	case 0:
		return "(" + expression(t, depth-1) + ") and (" + expression(t, depth-1) + ")"
	case 1:
		return "(" + expression(t, depth-1) + ") or (" + expression(t, depth-1) + ")"
	case 2:
		return "not (" + expression(t, depth-1) + ")"
	case 3:
		return "riskLevel " + rapid.SampledFrom([]string{"eq", "ne"}).Draw(t, "op") + " '" + rapid.SampledFrom(levels).Draw(t, "value") + "'"
	case 4:
		return "appId " + rapid.SampledFrom([]string{"eq 'a'", "ne 'a'", "in ('a','b')", "eq null"}).Draw(t, "app")
	}
	op := rapid.SampledFrom([]string{"ge", "gt", "le", "lt", "eq", "ne"}).Draw(t, "order")
	return "detectedDateTime " + op + " " + day.AddDate(0, 0, rapid.IntRange(-2, 2).Draw(t, "at")).Format(time.DateOnly)
}

func TestQueryOptionsAreReadWithAndWithoutTheirSign(t *testing.T) {
	q, err := odata.Parse(map[string][]string{
		"$filter": {"riskLevel eq 'low'"}, "select": {"appId, riskLevel,appId"}, "$top": {"5"}, "$orderby": {"id asc"}, "$count": {"true"}, "$skiptoken": {"x"}, "code": {"key"},
	}, schema, "code")
	if err != nil {
		t.Fatal(err)
	}
	if q.Filter == nil || strings.Join(q.Select, ",") != "appId,riskLevel" || q.Top != 5 || q.Order.Name != "id" || !q.Count || q.Skip != "x" {
		t.Errorf("%+v", q)
	}
	if q, err = odata.Parse(nil, schema); err != nil || q.Top != 100 || !q.Order.Desc || q.Filter != nil {
		t.Errorf("%+v %v", q, err)
	}
}

func TestAQueryOptionThatIsNotDoneIsRefused(t *testing.T) {
	for name, tt := range map[string]struct {
		values map[string][]string
		want   string
	}{
		"another option":          {map[string][]string{"$expand": {"x"}}, "there are $filter"},
		"one twice":               {map[string][]string{"$top": {"1", "2"}}, "more than once"},
		"one in both spellings":   {map[string][]string{"$top": {"1"}, "top": {"2"}}, "more than once"},
		"no page":                 {map[string][]string{"$top": {"0"}}, "from 1 to 1000"},
		"too large a page":        {map[string][]string{"$top": {"1001"}}, "from 1 to 1000"},
		"an order without index":  {map[string][]string{"$orderby": {"riskLevel"}}, "there is one for detectedDateTime desc, id"},
		"the order the other way": {map[string][]string{"$orderby": {"detectedDateTime"}}, "there is one for detectedDateTime desc, id"},
		"an unknown property":     {map[string][]string{"$select": {"colour"}}, "there are riskLevel"},
		"a count that is none":    {map[string][]string{"$count": {"yes"}}, "true or false"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := odata.Parse(tt.values, schema); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func FuzzFilter(f *testing.F) {
	f.Add("riskLevel eq 'high' and not (appId in ('a','b''c') or detectedDateTime ge 2026-11-24T00:00:00Z)")
	f.Add("((isProcessing ne false)) or source eq null")
	f.Fuzz(func(t *testing.T, s string) {
		e, err := odata.ParseFilter(s, schema)
		if err != nil {
			return
		}
		match := e.Match(object("high", "a", day))
		if set, bounded := e.Values("riskLevel"); match && bounded && !slices.Contains(set, "high") {
			t.Errorf("%q matches outside %v", s, set)
		}
	})
}
