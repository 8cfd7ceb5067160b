package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// input is a file that can be read more than once.
type input struct {
	name   string // as the user knows it
	path   string // empty: spool
	spool  *os.File
	size   int64
	chosen bool // named by the user, and not only found in a directory: then it must be a log
}

// inputs are all files of a scan.
type inputs struct {
	files   []input
	cleanup []func()
}

// Close removes temporary files.
func (in *inputs) Close() {
	for _, f := range in.cleanup {
		f()
	}
}

func (in *inputs) size() int64 {
	sum := int64(0)
	for _, f := range in.files {
		sum += f.size
	}
	return sum
}

// open finds the files that the words name. What can be read only once is copied.
func openInputs(ctx context.Context, names []string, stdin io.Reader) (*inputs, error) {
	in := &inputs{}
	if len(names) == 0 {
		names = []string{"-"}
	}
	for _, name := range names {
		if err := in.add(ctx, name, stdin); err != nil {
			in.Close()
			return nil, err
		}
	}
	if len(in.files) == 0 {
		return nil, fmt.Errorf("opening logs: there is no file in %s", strings.Join(names, ", "))
	}
	return in, nil
}

func (in *inputs) add(ctx context.Context, name string, stdin io.Reader) error {
	if name == "-" {
		return in.copied(ctx, "standard input", stdin)
	}
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(name, "*?["):
		return in.pattern(ctx, name, stdin)
	case err != nil:
		return fmt.Errorf("opening logs: %w", err)
	case info.IsDir():
		return in.directory(name)
	case !info.Mode().IsRegular(): // a pipe
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("opening logs: %w", err)
		}
		defer f.Close()
		return in.copied(ctx, name, f)
	}
	in.files = append(in.files, input{name: name, path: name, size: info.Size(), chosen: true})
	return nil
}

// pattern is for shells that leave patterns to the program.
func (in *inputs) pattern(ctx context.Context, pattern string, stdin io.Reader) error {
	names, err := filepath.Glob(pattern)
	if err != nil || len(names) == 0 {
		return fmt.Errorf("opening logs: no file is named like %s", pattern)
	}
	slices.Sort(names)
	for _, name := range names {
		if err := in.add(ctx, name, stdin); err != nil {
			return err
		}
	}
	return nil
}

// directory takes all files below a directory, in the order of their names; hidden ones are left out.
func (in *inputs) directory(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("opening logs: %w", err)
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return filepath.SkipDir
			}
			return nil
		}
		info, err := os.Stat(path) // links to files count as files
		if err != nil || !info.Mode().IsRegular() {
			return nil //nolint:nilerr // a dead link is no log
		}
		in.files = append(in.files, input{name: path, path: path, size: info.Size()})
		return nil
	})
}

// copied keeps a stream in a temporary file. Where the system allows it the file has no name, so that nothing is left
// behind whatever happens.
func (in *inputs) copied(ctx context.Context, name string, r io.Reader) error {
	f, err := os.CreateTemp("", "rekey-scan-*")
	if err != nil {
		return fmt.Errorf("keeping %s for the second pass: %w; set TMPDIR to a folder with room", name, err)
	}
	gone := os.Remove(f.Name()) == nil
	in.cleanup = append(in.cleanup, func() {
		f.Close()
		if !gone {
			os.Remove(f.Name())
		}
	})
	n, err := copyUntil(ctx, f, r)
	if err != nil {
		return fmt.Errorf("keeping %s for the second pass: %w", name, err)
	}
	in.files = append(in.files, input{name: name, spool: f, size: n, chosen: true})
	return nil
}

// copyUntil copies until the context ends: a read of a terminal or pipe cannot be stopped, so it is left alone then.
func copyUntil(ctx context.Context, w io.Writer, r io.Reader) (int64, error) {
	type result struct {
		n   int64
		err error
	}
	done := make(chan result, 1)
	go func() {
		n, err := io.Copy(w, r)
		done <- result{n, err}
	}()
	select {
	case x := <-done:
		return x.n, x.err
	case <-ctx.Done():
		return 0, context.Cause(ctx)
	}
}

// open begins to read an input anew.
func (f *input) open() (io.ReadCloser, error) {
	if f.spool != nil {
		return io.NopCloser(io.NewSectionReader(f.spool, 0, f.size)), nil
	}
	r, err := os.Open(f.path)
	if err != nil {
		return nil, fmt.Errorf("opening logs: %w", err)
	}
	return r, nil
}
