package command

import (
	"flag"
	"io"
)

// flags reads the flags of a call, which follow its words. A wrong one, or a word too many, is ErrUsage.
func flags(args []string, define func(*flag.FlagSet)) error {
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	define(fs)
	if err := fs.Parse(args); err != nil || fs.NArg() > 0 {
		return ErrUsage
	}
	return nil
}
