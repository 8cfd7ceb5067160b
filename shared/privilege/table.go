package privilege

import (
	"embed"
	"fmt"
	"io"
	"maps"
	"strings"
	"sync"
)

// Kinds of table, as Extend takes them. The embedded files are named after them.
const (
	KindAppRole       = "approles"
	KindScope         = "scopes"
	KindDirectoryRole = "directoryroles"
	KindAzureRole     = "azureroles"
)

var kinds = []string{KindAppRole, KindScope, KindDirectoryRole, KindAzureRole}

//go:embed *.csv
var files embed.FS

// Table knows the tiers of the four kinds. Reading it is safe for concurrent use, extending it is not. The zero Table
// knows nothing and may be extended.
type Table struct {
	tiers map[string]map[string]Tier // by kind, then by id and by name in lower case
}

// builtin is read once: a broken file is a mistake in this program, and every test would show it.
var builtin = sync.OnceValue(func() *Table {
	t := new(Table)
	for _, kind := range kinds {
		f, err := files.Open(kind + ".csv")
		if err == nil {
			err = t.Extend(kind, f)
		}
		if err != nil {
			panic(err)
		}
	}
	return t
})

// Default returns a table with what this program knows. It is the caller's own: extending it changes no other.
func Default() *Table {
	t := &Table{tiers: map[string]map[string]Tier{}}
	for kind, tiers := range builtin().tiers {
		t.tiers[kind] = maps.Clone(tiers)
	}
	return t
}

// Extend adds rows (id, name, tier, source; lines that begin with # are comments) to the table of a kind, and overrules
// the ones that are there. It takes all rows or, with an error that names the line, none.
func (t *Table) Extend(kind string, csv io.Reader) error {
	rows, err := readRows(csv)
	if err != nil {
		return fmt.Errorf("reading %s: %w", kind, err)
	}
	if !known(kind) {
		return fmt.Errorf("reading %.40q: there is no such table; the tables are %s", kind, strings.Join(kinds, ", "))
	}
	if t.tiers == nil {
		t.tiers = map[string]map[string]Tier{}
	}
	if t.tiers[kind] == nil {
		t.tiers[kind] = make(map[string]Tier, 2*len(rows))
	}
	for _, r := range rows {
		for _, key := range r.keys() {
			t.tiers[kind][key] = r.tier
		}
	}
	return nil
}

func known(kind string) bool {
	for _, k := range kinds {
		if k == kind {
			return true
		}
	}
	return false
}

func (t *Table) tier(kind, idOrName string) Tier {
	return t.tiers[kind][key(idOrName)]
}

// key is the form in which ids and names are compared.
func key(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// AppRole returns the tier of an application permission by its id or its value.
func (t *Table) AppRole(idOrValue string) Tier { return t.tier(KindAppRole, idOrValue) }

// Scope returns the tier of one delegated permission. A scope may come with the address of its resource in front.
func (t *Table) Scope(value string) Tier {
	if i := strings.LastIndexByte(value, '/'); i >= 0 {
		value = value[i+1:]
	}
	return t.tier(KindScope, value)
}

// DirectoryRole returns the tier of a directory role by its template's id or its name.
func (t *Table) DirectoryRole(templateIDOrName string) Tier {
	return t.tier(KindDirectoryRole, templateIDOrName)
}

// AzureRole returns the tier of an Azure role definition by its GUID, its resource id, or its name.
func (t *Table) AzureRole(idOrName string) Tier {
	if i := strings.LastIndexByte(idOrName, '/'); i >= 0 {
		idOrName = idOrName[i+1:] // /subscriptions/.../roleDefinitions/<guid>
	}
	return t.tier(KindAzureRole, idOrName)
}

// AppRole is Table.AppRole of what this program knows.
func AppRole(idOrValue string) Tier { return builtin().AppRole(idOrValue) }

// Scope is Table.Scope of what this program knows.
func Scope(value string) Tier { return builtin().Scope(value) }

// DirectoryRole is Table.DirectoryRole of what this program knows.
func DirectoryRole(templateIDOrName string) Tier { return builtin().DirectoryRole(templateIDOrName) }

// AzureRole is Table.AzureRole of what this program knows.
func AzureRole(idOrName string) Tier { return builtin().AzureRole(idOrName) }
