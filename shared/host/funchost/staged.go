package funchost

import (
	"fmt"
	"os"
	"path/filepath"
)

// Staged returns the names of the functions staged under an app root: the folders with a function.json. One binary
// serves whatever is staged beside it.
func Staged(root string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(root, "*", "function.json"))
	if err != nil {
		return nil, fmt.Errorf("looking for staged functions: %w", err)
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = filepath.Base(filepath.Dir(f))
	}
	if len(names) == 0 {
		if _, err := os.Stat(root); err != nil {
			return nil, fmt.Errorf("looking for staged functions: %w", err)
		}
		return nil, fmt.Errorf("looking for staged functions: %s has no <function>/function.json; run `make stage`", root)
	}
	return names, nil
}
