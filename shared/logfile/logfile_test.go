package logfile_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rekey/shared/entralog"
	"rekey/shared/event"
	"rekey/shared/fault"
	"rekey/shared/logfile"
	"rekey/shared/samplestest"
)

// found is what was seen of a stream, in order: events by what they say, rejects by their place.
type found struct {
	records []string
	rejects []string
}

func (f *found) Event(e *event.Event) {
	f.records = append(f.records, fmt.Sprintf("%s %s %s %q %v", e.Kind, e.ID, e.Principal.ObjectID, e.SignIn.UserAgent, e.Time.UTC()))
}
func (f *found) Skip(category string) { f.records = append(f.records, "skip "+strings.Clone(category)) }
func (f *found) Reject(offset int64, raw []byte, err error) {
	f.rejects = append(f.rejects, fmt.Sprintf("%d %s", offset, raw))
	if !errors.Is(err, fault.Poison) {
		f.rejects = append(f.rejects, fmt.Sprintf("of the wrong kind: %v", err))
	}
}

// read reads a stream with a window of some size. The buffer is overwritten after each chunk: whoever holds on to it
// would be seen.
func read(t testing.TB, src io.Reader, window int) (*found, error) {
	t.Helper()
	var f found
	var d logfile.Decoder
	r := logfile.NewReaderSize(src, window)
	for buf := []byte(nil); ; {
		c, err := r.Next(buf)
		if errors.Is(err, io.EOF) {
			return &f, nil
		}
		if err != nil {
			return &f, err
		}
		d.Decode(c, &f)
		for i := range c.Data {
			c.Data[i] = '#'
		}
		buf = c.Data
	}
}

func record(n int) string {
	return fmt.Sprintf(`{"category":"ServicePrincipalSignInLogs","time":"2026-11-24T03:10:00Z","properties":{"id":"r%d","createdDateTime":"2026-11-24T03:10:00Z",`+
		`"servicePrincipalId":"sp1","appId":"app1","userAgent":"a \"b\" {[ \\","status":{"errorCode":0},"list":[{"x":[]},{"y":{}}]}}`, n)
}

func wanted(ids ...int) []string {
	var out []string
	for _, n := range ids {
		out = append(out, fmt.Sprintf("signIn r%d sp1 %q 2026-11-24 03:10:00 +0000 UTC", n, `a "b" {[ \`))
	}
	return out
}

func indented(s string) string {
	var b bytes.Buffer
	if err := json.Indent(&b, []byte(s), "", "  "); err != nil {
		panic(err)
	}
	return b.String()
}

func zipped(parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		_, _ = z.Write([]byte(p))
		_ = z.Close()
	}
	return b.String()
}

// envelopes are the ways in which the records 1, 2 and 3 are exported.
func envelopes() map[string]string {
	a, b, c := record(1), record(2), record(3)
	return map[string]string{
		"lines":                            a + "\n" + b + "\n" + c + "\n",
		"lines, the last without its end":  a + "\n" + b + "\n" + c,
		"lines as Windows writes them":     "\ufeff" + a + "\r\n" + b + "\r\n\r\n" + c + "\r\n",
		"lines of envelopes":               `{"records":[` + a + "]}\n" + `{"records":[` + b + "," + c + `],"n":{"x":"]}"}}`,
		"lines that end in commas":         a + ",\n" + b + ",\n" + c + ",\n",
		"an array":                         "[" + a + "," + b + "," + c + "]",
		"an array of lines":                "[\n" + a + ",\n" + b + ",\n" + c + "\n]\n",
		"commas at the beginning of lines": "[" + a + "\n," + b + "\n," + c + "]",
		"an indented array":                indented("[" + a + "," + b + "," + c + "]"),
		"an indented document":             indented(`{"records":[` + a + "," + b + "," + c + `],"more":null}`),
		"documents behind one another":     indented(`{"records":[`+a+"]}") + "\n" + indented(`{"records":[`+b+"]}") + "\n" + c,
		"a page of Graph":                  `{"@odata.context":"https://graph/$metadata#x","value":[` + a + "," + b + "," + c + `],"@odata.nextLink":"https://x"}`,
		"pages of Graph":                   `{"value":[` + a + "," + b + `]}{"value":[` + c + `]}`,
		"an array of arrays":               "[[" + a + "],[" + b + "," + c + "],[]]",
		"records joined by commas":         a + "," + b + "," + c,
		"records without anything between": a + b + c,
		"gzip":                             zipped(a + "\n" + b + "\n" + c + "\n"),
		"gzip in members":                  zipped(a+"\n"+b[:30], b[30:]+"\n", c),
	}
}

var windows = []int{1, 23, 64, 333, 512, 1000, 4096, 1 << 20}

func TestEveryExportHoldsTheSameRecordsWhereverItIsCut(t *testing.T) {
	for name, body := range envelopes() {
		t.Run(name, func(t *testing.T) {
			for _, window := range windows {
				f, err := read(t, strings.NewReader(body), window)
				if err != nil || len(f.rejects) > 0 {
					t.Fatalf("window %d: error %v, rejects %v", window, err, f.rejects)
				}
				if diff := cmp.Diff(wanted(1, 2, 3), f.records); diff != "" {
					t.Fatalf("window %d (-want +got):\n%s", window, diff)
				}
			}
		})
	}
}

func TestOfDamageOnlyItselfIsLost(t *testing.T) {
	a, b, c := record(1), record(2), record(3)
	cut := b[:len(b)-60]
	tests := map[string]struct {
		body    string
		want    []string
		rejects []string
	}{
		"the last line is cut off": {a + "\n" + cut, wanted(1), []string{fmt.Sprintf("%d %s", len(a)+1, cut)}},
		"a line is cut off in the middle of the file": {
			a + "\n" + cut + "\n" + c + "\n", wanted(1, 3), []string{fmt.Sprintf("%d %s", len(a)+1, cut)},
		},
		"a line is cut off within a string":               {a + "\n" + b[:20] + "\n" + c, wanted(1, 3), []string{fmt.Sprintf("%d %s", len(a)+1, b[:20])}},
		"a line is cut off after a colon":                 {a + "\n" + `{"x":` + "\n" + c + "\n" + a, wanted(1, 3, 1), []string{fmt.Sprintf(`%d {"x":`, len(a)+1)}},
		"a line is no JSON":                               {a + "\nCONNECTION RESET\n" + c, wanted(1, 3), []string{fmt.Sprintf("%d CONNECTION RESET", len(a)+1)}},
		"a value is no JSON":                              {a + "\n" + `{"x":tru}` + "\n" + c + "\n", wanted(1, 3), []string{fmt.Sprintf(`%d {"x":tru}`, len(a)+1)}},
		"a value in an array is no JSON":                  {"[" + a + `,{"x":tru},` + c + "]", wanted(1, 3), []string{fmt.Sprintf(`%d {"x":tru}`, len(a)+2)}},
		"an array is cut off in its last record":          {"[" + a + "," + cut, wanted(1), []string{fmt.Sprintf("%d %s", len(a)+2, cut), fmt.Sprintf("%d ", 1+len(a)+1+len(cut))}},
		"an array is cut off between records":             {"[" + a, wanted(1), []string{fmt.Sprintf("%d ", len(a)+1)}},
		"brackets that do not match":                      {"[" + a + `,{"category":[}],` + c + "]", wanted(1, 3), []string{fmt.Sprintf(`%d {"category":[}],`, len(a)+2)}},
		"a record that is a number":                       {"[" + a + ",17," + c + "]", wanted(1, 3), []string{fmt.Sprintf("%d 17", len(a)+2)}},
		"an empty record":                                 {a + "\n{}\n" + c, wanted(1, 3), []string{fmt.Sprintf("%d {}", len(a)+1)}},
		"an envelope that goes on with what is no member": {`{"records":[` + a + `] 17 18}` + "\n" + c + "\n", wanted(1, 3), []string{fmt.Sprintf("%d 17 18}", len(a)+14)}},
		"an envelope that is cut off":                     {`{"records":[` + a + "," + cut + "\n" + c, wanted(1, 3), []string{fmt.Sprintf("%d %s", len(a)+13, cut), fmt.Sprintf("%d ", len(a)+14+len(cut)+len(c))}},
		"bytes of zero behind the records":                {a + "\n\x00\x00\x00", wanted(1), nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			for _, window := range windows {
				f, err := read(t, strings.NewReader(tt.body), window)
				if err != nil {
					t.Fatalf("window %d: %v", window, err)
				}
				if diff := cmp.Diff(tt.want, f.records); diff != "" {
					t.Errorf("window %d, records (-want +got):\n%s", window, diff)
				}
				if diff := cmp.Diff(tt.rejects, f.rejects); diff != "" {
					t.Errorf("window %d, rejects (-want +got):\n%s", window, diff)
				}
			}
		})
	}
}

func TestAFileThatIsCutOffWithinGzipLosesItsEndOnly(t *testing.T) {
	var lines strings.Builder
	for i := range 2000 {
		lines.WriteString(record(i) + "\n")
	}
	whole := zipped(lines.String())
	f, err := read(t, strings.NewReader(whole[:len(whole)-100]), 4096)
	if err != nil || len(f.records) < 1000 || len(f.rejects) == 0 {
		t.Errorf("%d records, rejects %v, error %v", len(f.records), f.rejects, err)
	}
}

func TestWhatIsNoJSONIsRefusedWithWhatToBringInstead(t *testing.T) {
	tests := map[string]struct{ body, want string }{
		"CSV":                   {"\ufeff" + `"Date (UTC)","Request ID","User agent"` + "\n", "Download > JSON"},
		"CSV without quotes":    {"TimeGenerated,ServicePrincipalId\n2026-01-01,x\n", "Download > JSON"},
		"UTF-16 of PowerShell":  {"\xff\xfe{\x00\"\x00", "iconv"},
		"a zip archive":         {"PK\x03\x04....", "unpack"},
		"Event Hubs Capture":    {"Obj\x01...", "diagnostic setting"},
		"text":                  {"hello\n", "bring the logs as JSON"},
		"gzip that is none":     {"\x1f\x8bxx", "reading gzip"},
		"CSV compressed":        {zipped("a,b,c\n1,2,3\n"), "Download > JSON"},
		"a table of tabulators": {"a\tb\tc\n", "CSV"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			f, err := read(t, strings.NewReader(tt.body), 4096)
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.Is(err, fault.Poison) {
				t.Errorf("error %v, want one with %q", err, tt.want)
			}
			if len(f.records)+len(f.rejects) > 0 {
				t.Errorf("it was read all the same: %+v", f)
			}
		})
	}
}

func TestNothingIsNoError(t *testing.T) {
	for _, body := range []string{"", "\n", "\ufeff", " \r\n ", "[]", `{"records":[]}`, zipped("")} {
		if f, err := read(t, strings.NewReader(body), 4096); err != nil || len(f.records)+len(f.rejects) > 0 {
			t.Errorf("%q: %+v, %v", body, f, err)
		}
	}
}

// endless is a record without an end.
type endless struct{ begin string }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	n := copy(b, e.begin)
	e.begin = e.begin[n:]
	return len(b), nil
}

func TestARecordWithoutEndStopsTheFileWithAClearError(t *testing.T) {
	for begin, want := range map[string]string{`{"a":"`: "more than 16 MiB", `{"tables":[["`: "export it in parts"} {
		_, err := read(t, &endless{record(1) + "\n" + begin}, 1<<20)
		if !errors.Is(err, fault.Limit) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", begin, err)
		}
	}
}

func TestAnErrorOfTheSourceComesAfterWhatCameBeforeIt(t *testing.T) {
	broken := errors.New("the disk is gone")
	f, err := read(t, io.MultiReader(strings.NewReader(record(1)+"\n"+record(2)+"\n"), failing{broken}), 4096)
	if !errors.Is(err, broken) || len(f.records) != 2 {
		t.Errorf("%d records, error %v", len(f.records), err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestLogAnalyticsResultsAreWhole(t *testing.T) {
	body := `{"tables":[{"name":"AuditLogs","columns":[{"name":"Type"}],"rows":[["Nothing"],["Nothing"]]}]}`
	for _, window := range windows {
		f, err := read(t, strings.NewReader(body), window)
		if err != nil || !slices.Equal(f.records, []string{"skip unknown", "skip unknown"}) {
			t.Fatalf("window %d: %+v, %v", window, f, err)
		}
	}
}

func TestEveryPublicSampleIsTheSameCutAsWhole(t *testing.T) {
	n := 0
	err := filepath.WalkDir(samplestest.Dir(t), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(filepath.Ext(path), "json") && filepath.Ext(path) != ".log" {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		for _, window := range []int{100, 3000, 1 << 20} {
			sameAsWhole(t, body, window)
		}
		return nil
	})
	if err != nil || n < 50 {
		t.Errorf("%d samples, %v", n, err)
	}
}

// all is what package entralog makes of a message.
type all struct{ found }

func (a *all) Reject(_ int, raw []byte, _ error) { a.rejects = append(a.rejects, string(raw)) }

// sameAsWhole compares a stream with its decoding at once. Of a damaged one, the good beginning must be the same.
func sameAsWhole(t *testing.T, body []byte, window int) {
	t.Helper()
	got, err := read(t, bytes.NewReader(body), window)
	if err != nil {
		return // refused as a whole
	}
	good := goodPart(body)
	var want all
	if err := new(entralog.Decoder).Decode(bytes.Clone(good), &want); err != nil {
		return // JSON, but not for package entralog
	}
	if n := len(want.records); len(good) < len(body) && len(got.records) > n {
		got.records = got.records[:n]
	}
	if !slices.Equal(want.records, got.records) {
		t.Errorf("window %d of %q (-whole +cut):\n%s", window, body, cmp.Diff(want.records, got.records))
	}
	if len(good) == len(body) && len(want.rejects) != len(got.rejects) {
		t.Errorf("window %d of %q: rejected %q as a whole and %q cut", window, body, want.rejects, got.rejects)
	}
}

// goodPart returns the values at the beginning of a stream that are JSON, and all of it when all of it is.
func goodPart(body []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	for end := int64(0); ; end = d.InputOffset() {
		var raw json.RawMessage
		switch err := d.Decode(&raw); {
		case errors.Is(err, io.EOF):
			return body
		case err != nil:
			return bytes.TrimPrefix(body, []byte("\ufeff"))[:end]
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, body := range envelopes() {
		f.Add([]byte(body), 100)
	}
	f.Add([]byte(`{"tables":[{"name":"x","columns":[{"name":"Type"}],"rows":[["AuditLogs"]]}]}`), 9)
	f.Add([]byte("[1,{\"a\":[{},[]]}]\n{\"b\":\"\\\\\"}\n{}"), 3)
	f.Fuzz(func(t *testing.T, body []byte, window int) {
		if len(body) > 1<<16 || bytes.HasPrefix(body, []byte{0x1f, 0x8b}) || bytes.Contains(body, []byte(`"@`)) {
			return // what comes out of gzip is tested without; a record may have no @ name in front
		}
		sameAsWhole(t, body, 1+(window&0xfff))
	})
}
