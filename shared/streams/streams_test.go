package streams_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/score"
	"rekey/shared/streams"
)

// monday is a Monday, 00:00.
var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

func hours(n float64) time.Duration { return time.Duration(n * float64(time.Hour)) }

// audits notes a directory change in each hour from start to end that is wanted.
func audits(m *streams.Memory, start, end time.Time, wanted func(time.Time) bool) {
	noted(m, event.KindAudit, start, end, wanted)
}

func noted(m *streams.Memory, kind event.Kind, start, end time.Time, wanted func(time.Time) bool) {
	for t := start; t.Before(end); t = t.Add(time.Hour) {
		if wanted(t) {
			m.Note(&event.Event{Kind: kind, Time: t.Add(5 * time.Minute)}, t.Add(10*time.Minute))
		}
	}
}

func always(time.Time) bool { return true }

// office is when people work.
func office(t time.Time) bool {
	return t.Weekday() != time.Saturday && t.Weekday() != time.Sunday && t.Hour() >= 8 && t.Hour() < 18
}

func TestAStreamIsSilentAfterLongerThanItsUsualPause(t *testing.T) {
	days := func(n int) time.Time { return monday.AddDate(0, 0, -n) }
	friday := monday.AddDate(0, 0, -3).Add(hours(18)) // 18:00, the last record is of 17:05
	tests := map[string]struct {
		from, end time.Time
		wanted    func(time.Time) bool
		now       time.Time
		want      streams.State
		calendar  bool
	}{
		"never seen":                               {monday, monday, always, monday, streams.NeverSeen, false},
		"seen for a day":                           {days(1), monday, always, monday.Add(hours(500)), streams.NotKnown, false},
		"seen in few hours":                        {days(28), monday, func(t time.Time) bool { return t.Hour() == 3 && t.Day()%3 == 0 }, monday.Add(hours(500)), streams.NotKnown, false},
		"records every hour, an hour's pause":      {days(28), monday, always, monday.Add(hours(1)), streams.Flowing, false},
		"records every hour, more than two hours'": {days(28), monday, always, monday.Add(hours(1.5)), streams.Silent, false},
		"the first week, a weekend's pause":        {days(7), friday, office, monday.Add(hours(8)), streams.Flowing, false},
		"the first week, four days' pause":         {days(7), friday, office, friday.AddDate(0, 0, 4), streams.Silent, false},
		"office hours, on Sunday":                  {days(28), friday, office, monday.Add(hours(-5)), streams.Flowing, false},
		"office hours, early on Monday":            {days(28), friday, office, monday.Add(hours(9.5)), streams.Flowing, false},
		"office hours, on Monday at noon":          {days(28), friday, office, monday.Add(hours(12)), streams.Silent, true},
		"office hours, ten days later":             {days(28), friday, office, monday.AddDate(0, 0, 7).Add(hours(12)), streams.Silent, false},
		"office hours, in the middle of the day":   {days(28), friday.Add(hours(-5)), office, friday.Add(hours(-1)), streams.Silent, false},
		"silent for two months":                    {days(28), monday, always, monday.AddDate(0, 2, 0), streams.Silent, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var m streams.Memory
			audits(&m, tt.from, tt.end, tt.wanted)
			if got := m.Health(tt.now).Of(streams.Audit); got.State != tt.want || got.Calendar != tt.calendar {
				t.Errorf("%+v, want %s", got, tt.want)
			}
		})
	}
}

func TestABacklogIsLateAndNotSilent(t *testing.T) {
	var m streams.Memory
	audits(&m, monday.AddDate(0, 0, -28), monday, always)
	now := monday.Add(hours(12))
	m.Note(&event.Event{Kind: event.KindAudit, Time: monday.Add(hours(-2))}, now)
	if got := m.Health(now.Add(time.Minute)).Of(streams.Audit); got.State != streams.Flowing {
		t.Errorf("while old records are being read: %+v", got)
	}
	if got := m.Health(now.Add(hours(2))).Of(streams.Audit); got.State != streams.Silent {
		t.Errorf("two hours after the last arrival: %+v", got)
	}
}

func TestARecordOfTheFutureIsAsOldAsItsArrival(t *testing.T) {
	var m streams.Memory
	audits(&m, monday.AddDate(0, 0, -28), monday, always)
	m.Note(&event.Event{Kind: event.KindAudit, Time: monday.AddDate(1, 0, 0)}, monday)
	if got := m.Newest(); !got.Equal(monday) {
		t.Errorf("the newest record is of %s", got)
	}
	m.Note(&event.Event{Kind: event.KindAudit, Time: time.Time{}}, monday) // and one without a time is none
	if known, ok := m.Health(monday).Flowing(streams.Audit, monday.AddDate(0, 0, -2), monday); !known || !ok {
		t.Error("it does not flow any more")
	}
}

func TestFlowingIsSaidOnlyOfTimesThatAreKnown(t *testing.T) {
	var m streams.Memory
	begin := monday.AddDate(0, 0, -20)
	gone := monday.AddDate(0, 0, -5)
	audits(&m, begin, monday, func(t time.Time) bool { return t.Before(gone) || t.After(gone.Add(hours(9))) })
	noted(&m, event.KindGraphActivity, monday.AddDate(0, 0, -3), monday, always)
	noted(&m, event.KindAzureActivity, monday.AddDate(0, 0, -40), monday, always)
	noted(&m, event.KindSignIn, monday.AddDate(0, 0, -1), monday, always)
	now := monday.Add(hours(1))
	ago := func(days int, h float64) time.Time { return monday.AddDate(0, 0, -days).Add(hours(h)) }
	tests := map[string]struct {
		category       string
		from, to       time.Time
		known, flowing bool
	}{
		"a quiet time":                      {streams.Audit, ago(3, 0), ago(2, 0), true, true},
		"up to now":                         {streams.Audit, ago(3, 0), now, true, true},
		"up to tomorrow":                    {streams.Audit, ago(3, 0), now.AddDate(0, 0, 1), true, true},
		"a time with a silence in it":       {streams.Audit, ago(6, 0), ago(3, 0), true, false},
		"a time that ends in a silence":     {streams.Audit, ago(6, 0), ago(5, 5), true, false},
		"a time within a silence":           {streams.Audit, ago(5, 6), ago(5, 7), true, false},
		"a time before the silence is one":  {streams.Audit, ago(6, 0), ago(5, 1), true, true},
		"from before the stream began":      {streams.Audit, ago(25, 0), ago(18, 0), true, false},
		"a stream that was never seen":      {streams.Vaults, ago(3, 0), ago(2, 0), true, false},
		"a stream that began within":        {streams.Graph, ago(4, 0), ago(2, 0), true, false},
		"a stream of three days":            {streams.Graph, ago(2, 0), ago(1, 0), true, true},
		"a stream of a day":                 {streams.SignIns, ago(1, 2), ago(1, 4), false, false},
		"longer ago than is remembered":     {streams.Azure, ago(35, 0), ago(34, 0), false, false},
		"a time that has not begun":         {streams.Audit, now.Add(hours(1)), now.Add(hours(2)), false, false},
		"a category that is not known":      {"ProvisioningLogs", ago(3, 0), ago(2, 0), false, false},
		"a single moment, end before begin": {streams.Audit, ago(2, 0), ago(3, 0), false, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if known, flowing := m.Health(now).Flowing(tt.category, tt.from, tt.to); known != tt.known || flowing != tt.flowing {
				t.Errorf("known %t, flowing %t", known, flowing)
			}
		})
	}
	var nothing *streams.Memory
	if known, flowing := nothing.Health(now).Flowing(streams.Audit, ago(1, 0), now); !known || flowing {
		t.Error("a memory that is not there has seen something")
	}
}

func vault(name string, at time.Time) *event.Event {
	return &event.Event{Kind: event.KindVaultAccess, Time: at, Vault: &event.VaultOperation{Vault: name}}
}

func TestEachVaultIsAStreamAndTheNewestAreRemembered(t *testing.T) {
	var m streams.Memory
	for h := range 20 * 24 {
		at := monday.AddDate(0, 0, -20).Add(hours(float64(h)))
		m.Note(vault("payroll", at), at)
		if h < 19*24 {
			m.Note(vault("shop", at), at)
		}
	}
	h := m.Health(monday)
	if p, s := h.Vault("payroll"), h.Vault("shop"); p.State != streams.Flowing || s.State != streams.Silent || h.Of(streams.Vaults).State != streams.Flowing {
		t.Errorf("%+v, %+v", p, s)
	}
	if known, flowing := h.VaultFlowing("shop", monday.AddDate(0, 0, -3), monday); !known || flowing {
		t.Error("the vault that went silent flowed")
	}
	if known, _ := h.VaultFlowing("unheard", monday.AddDate(0, 0, -3), monday); !known {
		t.Error("a vault that was never seen is one of which nothing is known")
	}
	found := h.Detections("t1")
	if len(found) != 1 || found[0].Subject != "shop" || found[0].Level != score.LevelLow {
		t.Errorf("%+v", found)
	}
	for i := range 250 {
		m.Note(vault(fmt.Sprint("v", i), monday), monday)
	}
	if got := m.Health(monday).Vault("shop").State; got != streams.NeverSeen {
		t.Errorf("the oldest of 252 vaults is %s", got)
	}
	if known, _ := m.Health(monday).VaultFlowing("shop", monday.AddDate(0, 0, -3), monday); known {
		t.Error("a forgotten vault was never seen")
	}
	if b, err := m.MarshalBinary(); err != nil || len(b) > 64<<10 {
		t.Errorf("%d bytes (%v)", len(b), err)
	}
}

func setting(at time.Time, status string) *event.Event {
	return &event.Event{Kind: event.KindAzureActivity, Time: at, Azure: &event.AzureOperation{Operation: "microsoft.insights/diagnosticsettings/delete", Status: status}}
}

func TestASilenceIsToldOnceADayForAWeekAndHowStronglyDepends(t *testing.T) {
	month := monday.AddDate(0, 0, -28)
	tests := map[string]struct {
		note func(*streams.Memory)
		now  time.Time
		want map[string]score.Level
	}{
		"directory changes": {func(m *streams.Memory) { noted(m, event.KindAudit, month, monday.Add(hours(-6)), always) }, monday, map[string]score.Level{"AuditLogs": score.LevelHigh}},
		"Graph activity":    {func(m *streams.Memory) { noted(m, event.KindGraphActivity, month, monday.Add(hours(-6)), always) }, monday, map[string]score.Level{"MicrosoftGraphActivityLogs": score.LevelMedium}},
		"Graph activity after a setting was deleted": {func(m *streams.Memory) {
			noted(m, event.KindGraphActivity, month, monday.Add(hours(-6)), always)
			m.Note(setting(monday.Add(hours(-7)), "Success"), monday.Add(hours(-7)))
		}, monday, map[string]score.Level{"MicrosoftGraphActivityLogs": score.LevelHigh}},
		"Graph activity after a deletion was refused": {func(m *streams.Memory) {
			noted(m, event.KindGraphActivity, month, monday.Add(hours(-6)), always)
			m.Note(setting(monday.Add(hours(-7)), "Failure"), monday.Add(hours(-7)))
		}, monday, map[string]score.Level{"MicrosoftGraphActivityLogs": score.LevelMedium}},
		"directory changes by the calendar": {func(m *streams.Memory) { noted(m, event.KindAudit, month, monday, office) }, monday.Add(hours(12)), map[string]score.Level{"AuditLogs": score.LevelMedium}},
		"everything at once": {func(m *streams.Memory) {
			noted(m, event.KindAudit, month, monday.Add(hours(-6)), always)
			noted(m, event.KindSignIn, month, monday.Add(hours(-6)), always)
		}, monday, map[string]score.Level{"all": score.LevelHigh}},
		"Microsoft's findings":            {func(m *streams.Memory) { noted(m, event.KindRisk, month, monday.Add(hours(-6)), always) }, monday, map[string]score.Level{}},
		"what ended more than a week ago": {func(m *streams.Memory) { noted(m, event.KindAudit, month, monday, always) }, monday.AddDate(0, 0, 8), map[string]score.Level{}},
		"all of it ended more than a week ago": {func(m *streams.Memory) {
			noted(m, event.KindAudit, month, monday, always)
			noted(m, event.KindSignIn, month, monday, always)
		}, monday.AddDate(0, 0, 8), map[string]score.Level{}},
		"a stream that has come back by itself": {func(m *streams.Memory) {
			noted(m, event.KindAudit, month, monday.Add(hours(-6)), always)
			noted(m, event.KindAudit, monday, monday.Add(hours(1)), always)
		}, monday.Add(hours(1)), map[string]score.Level{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var m streams.Memory
			if name != "everything at once" && name != "all of it ended more than a week ago" {
				noted(&m, event.KindUserSignIn, month, tt.now, always) // another stream flows on
			}
			tt.note(&m)
			got := map[string]score.Level{}
			for _, d := range m.Health(tt.now).Detections("t1") {
				got[d.Subject] = d.Level
				if d.Principal.Key() != "t1" || d.Tenant != "t1" || d.Rule != "streamSilent" || d.Day != tt.now.Format(time.DateOnly) || d.Records[0].Succeeded {
					t.Errorf("%+v", d)
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(tt.want) {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
	var m streams.Memory
	noted(&m, event.KindAudit, month, monday.Add(hours(-6)), always)
	first, later, next := m.Health(monday.Add(hours(3))).Detections("t1"), m.Health(monday.Add(hours(20))).Detections("t1"), m.Health(monday.Add(hours(25))).Detections("t1")
	a, _ := json.Marshal(first)
	b, _ := json.Marshal(later)
	if !bytes.Equal(a, b) || len(first) != 1 || first[0].ID == next[0].ID {
		t.Errorf("told again on the same day, or not on the next:\n%s\n%s", a, b)
	}
}

// record is one record for the laws.
type record struct {
	kind    event.Kind
	vault   string
	at, now int64
}

func records(t *rapid.T) []record {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) record {
		at := rapid.Int64Range(1, 60*24*3600).Draw(t, "at")
		return record{event.Kind(rapid.IntRange(0, 12).Draw(t, "kind")), rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "vault"), at, at + rapid.Int64Range(-3600, 9000).Draw(t, "late")}
	}), 0, 40).Draw(t, "records")
}

func memory(rs []record) *streams.Memory {
	m := &streams.Memory{}
	for _, r := range rs {
		e := event.Event{Kind: r.kind, Time: monday.Add(time.Duration(r.at) * time.Second)}
		if r.kind == event.KindVaultAccess {
			e.Vault = &event.VaultOperation{Vault: r.vault}
		}
		m.Note(&e, monday.Add(time.Duration(r.now)*time.Second))
	}
	return m
}

func encoded(t interface{ Fatal(...any) }, m *streams.Memory) string {
	b, err := m.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestMergingIsCommutativeAssociativeAndIdempotentAndKnowsWhatOneMemoryWould(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := records(t), records(t), records(t)
		merged := func(parts ...[]record) string {
			m := memory(parts[0])
			for _, p := range parts[1:] {
				m.Merge(memory(p))
			}
			return encoded(t, m)
		}
		bc := memory(b)
		bc.Merge(memory(c))
		abc := memory(a)
		abc.Merge(bc)
		want := encoded(t, memory(append(append(append([]record{}, a...), b...), c...)))
		for name, got := range map[string]string{
			"in order": merged(a, b, c), "in another": merged(c, a, b), "grouped": encoded(t, abc), "repeated": merged(a, b, b, c, a),
		} {
			if got != want {
				t.Fatalf("%s:\n%s\nwant\n%s", name, got, want)
			}
		}
		var again streams.Memory
		if err := again.UnmarshalBinary([]byte(want)); err != nil || encoded(t, &again) != want {
			t.Fatalf("encoded and decoded: %v", err)
		}
	})
}

func TestANewerOrDamagedMemoryIsNotOurs(t *testing.T) {
	for name, data := range map[string]string{
		"newer": `{"v":2}`, "no version": `{}`, "damaged": `{"v":1`, "no hours": `{"v":1,"streams":{"AuditLogs":{"first":1,"last":2,"arrived":3}}}`,
		"a vault without a name": `{"v":1,"vaults":{"":{"first":1,"last":2,"arrived":3}}}`,
	} {
		if err := new(streams.Memory).UnmarshalBinary([]byte(data)); !errors.Is(err, fault.Denied) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzMemory(f *testing.F) {
	f.Add([]byte(encoded(f, memory([]record{{event.KindAudit, "", 5, 9}, {event.KindVaultAccess, "a", 4000, 9000}}))))
	f.Add([]byte(`{"v":1,"streams":{"AuditLogs":{"first":1,"last":253402300799,"arrived":253402300799,"hours":"/w=="}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var m streams.Memory
		if m.UnmarshalBinary(data) != nil {
			return
		}
		h := m.Health(monday)
		h.All()
		h.Detections("t1")
		h.Flowing(streams.Audit, monday.AddDate(0, 0, -60), monday)
		var n streams.Memory
		n.Merge(&m)
		if encoded(t, &n) != encoded(t, &m) {
			t.Error("merging into nothing changed it")
		}
	})
}

func TestEveryCategoryHasAPlaceAndAnswers(t *testing.T) {
	var m streams.Memory
	for k := event.KindSignIn; k <= event.KindRisk; k++ {
		noted(&m, k, monday.AddDate(0, 0, -10), monday, always)
	}
	for _, st := range m.Health(monday).All() {
		if st.State != streams.Flowing {
			t.Errorf("%+v", st)
		}
	}
	m.Note(&event.Event{Kind: event.KindRisk + 1, Time: monday}, monday)
}

func BenchmarkNote(b *testing.B) {
	var m streams.Memory
	e := event.Event{Kind: event.KindSignIn, Time: monday}
	b.ReportAllocs()
	for i := range b.N {
		e.Time = monday.Add(time.Duration(i) * time.Millisecond)
		m.Note(&e, e.Time)
	}
}
