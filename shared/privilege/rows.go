package privilege

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"rekey/shared/fault"
)

// maxRows bounds an extension: Microsoft has some thousand permissions and roles in all.
const maxRows = 10_000

// row is one line of a table.
type row struct {
	id, name string // one of them may be empty
	tier     Tier
}

// keys are what the row is found by.
func (r row) keys() []string {
	var out []string
	for _, s := range []string{r.id, r.name} {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// readRows reads a whole file. The first mistake ends it, with the line it is in: a table that people trust for
// protecting their most powerful principals must not be half read.
func readRows(from io.Reader) ([]row, error) {
	r := csv.NewReader(from)
	r.Comment, r.TrimLeadingSpace, r.FieldsPerRecord, r.ReuseRecord = '#', true, -1, true
	var rows []row
	lines := map[string]int{}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fault.As(fault.Poison, err) // says the line itself
		}
		line, _ := r.FieldPos(0)
		x, err := parseRow(fields)
		if err == nil {
			err = note(lines, x, line)
		}
		if err == nil && len(rows) == maxRows {
			err = fmt.Errorf("more than %d rows", maxRows)
		}
		if err != nil {
			return nil, fault.Errorf(fault.Poison, "line %d: %v", line, err)
		}
		rows = append(rows, x)
	}
}

func parseRow(fields []string) (row, error) {
	if len(fields) != 4 {
		return row{}, fmt.Errorf("%d fields, want four: id, name, tier, source", len(fields))
	}
	x := row{id: key(fields[0]), name: key(fields[1])}
	if x.id == "" && x.name == "" {
		return row{}, errors.New("neither id nor name")
	}
	if x.id != "" && !isGUID(x.id) {
		return row{}, fmt.Errorf("id %.40q is no GUID", x.id)
	}
	if strings.TrimSpace(fields[3]) == "" {
		return row{}, errors.New("no source: say who judged it")
	}
	var err error
	x.tier, err = parseTier(strings.TrimSpace(fields[2]))
	return x, err
}

// note refuses a second row for the same id or name: which of them counted would depend on their order.
func note(lines map[string]int, x row, line int) error {
	for _, k := range x.keys() {
		if first, ok := lines[k]; ok {
			return fmt.Errorf("%.60q is in line %d already", k, first)
		}
		lines[k] = line
	}
	return nil
}

// isGUID reports whether s is a GUID in lower case with dashes, as the logs have them.
func isGUID(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := c >= '0' && c <= '9' || c >= 'a' && c <= 'f'
		if dash && c != '-' || !dash && !hex {
			return false
		}
	}
	return true
}
