// Command rekey-local is the local cloud and the local Functions host: it shows the whole of Rekey on one machine.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"rekey/deploy/local/functions"
	"rekey/deploy/local/play"
	"rekey/deploy/local/stack"
	"rekey/deploy/local/tenant"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "rekey-local:", err)
		os.Exit(1)
	}
}

const usage = `rekey-local shows the whole of Rekey on one machine.

Usage:
  rekey-local run  [flags]   start everything, play an attack, keep serving until Ctrl-C
  rekey-local demo [flags]   the same without staying; exit 0 only if all is well; the last line is JSON
  rekey-local host FILE      one app's Functions host (the other commands start it)

Flags:
`

// run does what the arguments say.
func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 2 && args[0] == "host" {
		return host(ctx, args[1])
	}
	flags := flag.NewFlagSet("rekey-local", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	days := flags.Int("days", 21, "ordinary days before the attack")
	scale := flags.Float64("scale", 0.3, "traffic, as a multiple of each principal's rate")
	seed := flags.Uint64("seed", 1, "of the tenant")
	dist := flags.String("dist", "dist", "folder of the staged apps")
	port := flags.Int("port", 7071, "of the HTTP functions; 0 takes a free one")
	if len(args) == 0 || args[0] != "run" && args[0] != "demo" || flags.Parse(args[1:]) != nil {
		flags.SetOutput(out)
		fmt.Fprint(out, usage)
		flags.PrintDefaults()
		return errors.New("see the usage above")
	}
	if args[0] == "demo" {
		*port = 0
	}
	return show(ctx, out, args[0] == "run", *dist, *port, *seed, play.Config{Days: *days, Scale: *scale, Terminal: terminal(out)})
}

// terminal reports whether progress may overwrite its line.
func terminal(out io.Writer) bool {
	f, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// show plays on a fresh stack.
func show(ctx context.Context, out io.Writer, stay bool, dist string, port int, seed uint64, c play.Config) (err error) {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(".local", 0o700); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(".local", "run-")
	if err != nil {
		return err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return err
	}
	t := tenant.New(seed)
	networks := filepath.Join(dir, "networks.csv")
	if err := os.WriteFile(networks, t.NetworksCSV(), 0o600); err != nil {
		return err
	}
	p := play.New(t, out, c)
	fmt.Fprintln(out, "Starting storage, event hubs, the local cloud and three Functions hosts ...")
	s, err := stack.Start(ctx, stack.Config{
		Dir: dir, Dist: dist, Program: self, HTTPPort: port, TenantID: t.ID, OnSignIn: p.OnSignIn,
		Detect:  map[string]string{"REKEY_NETWORK_TABLE": networks},
		Respond: map[string]string{"REKEY_MODE": "evict", "REKEY_ACTS_PER_HOUR": "1", "REKEY_NEVER_TOUCH": stack.Identity, "REKEY_ROTATE_MODE": "tier1", "REKEY_HTTP_APPROVALS": "true"},
	})
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, s.Close())
		if err == nil {
			err = os.RemoveAll(dir)
		}
	}()
	p.Use(s)
	result, err := p.Run(ctx)
	if err != nil {
		return fmt.Errorf("%w (logs are in %s)", err, dir)
	}
	if stay {
		guide(out, s, t, dir)
		<-ctx.Done()
		return nil
	}
	fmt.Fprintln(out, result.Line())
	if !result.OK() {
		return fmt.Errorf("not all went well; logs are in %s", dir)
	}
	return nil
}

// guide says where to look next.
func guide(out io.Writer, s *stack.Stack, t *tenant.Tenant, dir string) {
	other := t.Bystander()
	fmt.Fprintf(out, `Look around (everything keeps serving until Ctrl-C):

  the risk API, in the shape of Microsoft Graph, as a Security Administrator of the tenant (docs/api.md has all of it):
    %s

  a remediation by hand, over HTTP, of %s: a plan, a yes to it, the eviction, taking it back, and
  dismissing the risk:
    %s

  the record of what was changed, and what could not be decoded:
    export REKEY_STATE_CONNECTION_STRING='%s'
    bin/rekey operation list
    bin/rekey operation show <operation>
    bin/rekey rotation list
    bin/rekey rotation show <rotation>
    bin/rekey ledger verify <operation>
    bin/rekey ledger verify --all
    bin/rekey stop --status
    bin/rekey dead-letters list signins

  the logs of the three apps: %s/{detect,face,respond}.log
`, strings.Join(s.APICommands(t.Victim.ObjectID), "\n    "), other.Name, strings.Join(s.RemediationCommands(other.ObjectID), "\n    "), s.Azurite.ConnectionString(), dir)
}

// host runs one app until it is told to stop.
func host(ctx context.Context, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("reading the host's file: %w", err)
	}
	var f stack.HostFile
	if err := json.Unmarshal(b, &f); err != nil {
		return fmt.Errorf("reading the host's file: %w", err)
	}
	output, err := os.OpenFile(f.Output, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer output.Close()
	h, err := functions.New(functions.Config{
		Root: f.Root, Settings: f.Settings, HTTPAddr: f.HTTPAddr, Keys: f.Keys, Output: output, Logger: slog.New(slog.NewTextHandler(output, nil)),
	})
	if err != nil {
		return err
	}
	return h.Run(ctx)
}
