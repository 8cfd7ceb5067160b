// Package command holds what people do with rekey from a terminal. Each command reads its own settings, works on the
// state account, and ends.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rekey/handlers/eval"
	"rekey/handlers/scan"
)

// command is one word that follows "rekey".
type command struct {
	name string
	args string
	help string
	run  func(ctx context.Context, args []string, out io.Writer) error
}

// commands in the order of the help text.
var commands = []command{
	{"scan", "[--format text|json|html] [--asn FILE] [--own CIDR,CIDR] FILE...", "look for misused identities in exported logs; needs nothing else", scanLogs},
	{"learn", "[--asn FILE] [--own CIDR,CIDR] FILE...", "put what exported logs teach into the live baseline", learnLogs},
	{"eval", "[--seeds judging|tuning|N-M] [--plot FILE] | --benign FILE... | --write FILE", "prove the detection on simulated tenants beside published detectors, or count alerts on your own logs", evaluate},
	{"case", "list | show CASE|PRINCIPAL | ask CASE --to WHOM | answer CASE ours|notOurs --by WHO", "what is held against a principal: list it, read it, ask its owner and keep what he says", caseCommand},
	{"dead-letters", "list HUB | show HUB PARTITION SEQUENCE [RECORD] | replay HUB", "what could not be decoded: list it, look at it, send it again", deadLetters},
	{"operation", "list [--state S] | show ID [--format text|json] | approve ID --hash H --by WHO [--note T] [--wait] | reject ID --by WHO --why T | cancel ID --by WHO --why T", "what is planned, done and waiting: look at it, approve, reject or stop it", operationCommand},
	{"rotation", "list | show ID [--format text|json|plan|plan-json|reach|reach-json] | approve ID --tier N --hash H --by WHO | decline ID --tier N --by WHO --why T | resume ID --target KEY --by WHO", "what becomes of the secrets that an evicted principal could get at: look at it, approve or decline tiers", rotationCommand},
	{"stop", "--why T --by WHO | --status", "the kill switch: nothing is changed any more, and what is half done is listed", stopCommand},
	{"resume", "--by WHO [--why T]", "let everything go on after a stop", resumeCommand},
	{"ledger", "list | verify OPERATION | verify --all [--head HASH]", "the record of what was changed: list the operations, check hash chains, daily heads and journals", ledgerCommand},
	{"undo", "OPERATION --diff | OPERATION --by WHO [--only ID,..] [--name ID,..] [--secret-to https://VAULT/NAME]", "what was changed: show what can be put back, or order it for approval", undoCommand},
	{"policy", "show [ID] | create FILE | update ID FILE | remove ID; flags before FILE and ID: --named NAME --reason TEXT --wait 1m", "policies that block principals at risk: show them, order one to be made, changed, removed", policyCommand},
	{"setup", "[--outputs FILE | --identity APP=OBJECT_ID,..] [--apply] [--only PART,..] [--give PERMISSION,..] [--without PERMISSION,..] [--prune] [--one-hub HUB] [--name N] [--uri U] [--prefix P] [--as cli|identity|environment] [--json]", "what is in Entra: permissions of the identities, the API's registration, diagnostic settings, exclusion from policies; plans each call, and makes them with --apply", setupCommand},
	{"doctor", "[--outputs FILE | --identity APP=OBJECT_ID,..] [--network-table FILE] [--give PERMISSION,..] [--without PERMISSION,..] [--one-hub HUB] [--name N] [--uri U] [--prefix P] [--as cli|identity|environment] [--json]", "look at permissions, licences, logs that arrive, storage, queues, the ledger, clocks; says what to do, changes nothing, ends with 1 if something fails", doctorCommand},
	{"settings", "", "every setting with its default and meaning", settings},
}

// ErrUsage says that the words of a call are off; the help text was printed.
var ErrUsage = errors.New("the words of the call are off, see the usage above")

// Run runs a command by its words.
func Run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		for _, c := range commands {
			if c.name != args[0] {
				continue
			}
			err := c.run(ctx, args[1:], out)
			if errors.Is(err, ErrUsage) {
				Help(out)
			}
			return err
		}
	}
	Help(out)
	if len(args) > 0 && (args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
		return nil
	}
	return fmt.Errorf("unknown command %q: %w", strings.Join(args, " "), ErrUsage)
}

func scanLogs(ctx context.Context, args []string, out io.Writer) error {
	return scan.Scan(ctx, args, scan.Streams{In: os.Stdin, Out: out, Err: os.Stderr})
}

func evaluate(ctx context.Context, args []string, out io.Writer) error {
	return eval.Run(ctx, args, out, os.Stderr)
}

// ExitCode is how the program ends after an error of Run.
func ExitCode(err error) int {
	if e, ok := errors.AsType[*scan.Exit](err); ok {
		return e.Code
	}
	return 1
}

func learnLogs(ctx context.Context, args []string, out io.Writer) error {
	return scan.Learn(ctx, args, scan.Streams{In: os.Stdin, Out: out, Err: os.Stderr})
}

// Help prints the usage.
func Help(out io.Writer) {
	fmt.Fprint(out, "rekey watches workload identities and changes the locks when one is used by somebody else.\n\nUsage:\n")
	fmt.Fprintf(out, "  rekey %-14s %s\n", "serve", "answer the Functions host (it calls this itself)")
	for _, c := range commands {
		fmt.Fprintf(out, "  rekey %-14s %s\n", c.name, c.help)
		if c.args != "" {
			fmt.Fprintf(out, "  %-20s %s\n", "", c.args)
		}
	}
	fmt.Fprint(out, "\nSettings come from the environment, the same as for the functions; `rekey settings` lists them.\n")
}
