// Command rekey is the process that the Functions host starts (`rekey serve`), and the tool for its operators.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"

	"rekey/handlers/command"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rekey:", err)
		os.Exit(command.ExitCode(err)) // never 0 while serving: the host restarts only failures
	}
}

// run does what the arguments say.
func run(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "serve" {
		return command.Run(ctx, args, os.Stdout)
	}
	port := os.Getenv("FUNCTIONS_CUSTOMHANDLER_PORT")
	if port == "" {
		return errors.New("FUNCTIONS_CUSTOMHANDLER_PORT is not set: `rekey serve` is started by the Functions host; try `make run`")
	}
	ln, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		return fmt.Errorf("listening for the Functions host: %w", err)
	}
	return serve(ctx, ln)
}
