// Package pack makes the packages of the function apps: one zip an app, the same bytes each time, a bill of materials of the
// binary in them, and checksums.
//
// A package holds what the Functions host wants directly under the app's root: host.json, a folder for each function and the
// binary, which has to be marked executable. Entries are sorted and carry one fixed time; what changes the bytes is the
// content, and the Go release that compresses it.
package pack

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// App is what goes into one package.
type App struct {
	Name      string
	Functions []string
}

// Config says what to pack.
type Config struct {
	Root    string // the repository
	Binary  string // the program for linux/amd64
	Out     string // folder of what is made; it exists
	Apps    []App
	Regions int               // of vaults beside the first: each has a function vaultlogs<n>
	Extra   map[string]string // further files of packages: "detect/networks.csv.gz" -> path
}

// moment is the time of every entry: the first that a zip can say.
var moment = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// Run makes everything and returns the names of the files, sorted.
func Run(c Config) ([]string, error) {
	binary, err := os.ReadFile(c.Binary)
	if err != nil {
		return nil, fmt.Errorf("packing: %w", err)
	}
	bill, err := Bill(c.Binary)
	if err != nil {
		return nil, err
	}
	made := map[string][]byte{"rekey.cdx.json": bill}
	for _, app := range c.Apps {
		files, err := c.files(app)
		if err != nil {
			return nil, fmt.Errorf("packing %s: %w", app.Name, err)
		}
		files["rekey"] = binary
		if made[app.Name+".zip"], err = archive(files); err != nil {
			return nil, fmt.Errorf("packing %s: %w", app.Name, err)
		}
	}
	names := slices.Sorted(maps.Keys(made))
	var sums strings.Builder
	for _, name := range names {
		sum := sha256.Sum256(made[name])
		fmt.Fprintf(&sums, "%s  %s\n", hex.EncodeToString(sum[:]), name)
	}
	made["SHA256SUMS"] = []byte(sums.String())
	for name, data := range made {
		if err := os.WriteFile(filepath.Join(c.Out, name), data, 0o644); err != nil { //nolint:gosec // to be published
			return nil, fmt.Errorf("packing: %w", err)
		}
	}
	return slices.Sorted(maps.Keys(made)), nil
}

// files are an app's files but the binary, by their names in the package.
func (c Config) files(app App) (map[string][]byte, error) {
	out := map[string][]byte{}
	from := map[string]string{"host.json": filepath.Join(c.Root, "host.json")}
	for _, f := range app.Functions {
		from[f+"/function.json"] = filepath.Join(c.Root, "functions", f, "function.json")
	}
	for name, path := range c.Extra {
		if rest, ok := strings.CutPrefix(name, app.Name+"/"); ok {
			from[rest] = path
		}
	}
	for name, path := range from {
		b, err := os.ReadFile(path) //nolint:gosec // a file of the repository
		if err != nil {
			return nil, err
		}
		out[name] = b
	}
	if slices.Contains(app.Functions, Stamped) {
		for n := range c.Regions {
			out[fmt.Sprintf("%s%d/function.json", Stamped, n+2)] = []byte(Stamp(string(out[Stamped+"/function.json"]), n+2))
		}
	}
	return out, nil
}

// Stamped is the function that reads the hubs of vaults' regions: a namespace serves one region, and a function one namespace.
const Stamped = "vaultlogs"

// Stamp returns the function.json of the nth region's function: its hub and its connection have settings of their own.
func Stamp(functionJSON string, n int) string {
	return strings.NewReplacer(
		"%REKEY_HUB_VAULTLOGS%", fmt.Sprintf("%%REKEY_HUB_VAULTLOGS%d%%", n), `"REKEY_EVENTHUB"`, fmt.Sprintf(`"REKEY_EVENTHUB%d"`, n),
	).Replace(functionJSON)
}

// archive zips files: sorted, with one time, and the binary executable.
func archive(files map[string][]byte) ([]byte, error) {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: moment}
		mode := fs.FileMode(0o644)
		if name == "rekey" {
			mode = 0o755
		}
		h.SetMode(mode)
		w, err := z.CreateHeader(h)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
