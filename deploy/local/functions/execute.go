package functions

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"time"

	"github.com/google/uuid"
)

// delivery is what a trigger hands over: the payload and what is known about it.
type delivery struct {
	payload  any // already encoded: its .NET type decides how, see value
	metadata object
}

// runner runs a function with a delivery until it succeeds or its retries are used up. Triggers know no more of it.
type runner interface {
	run(ctx context.Context, f *function, build func() (delivery, error)) error
}

// executor is the runner: it writes the body of each attempt and hands it to the handler.
type executor struct {
	invoke func(ctx context.Context, f *function, id string, body []byte) error
	log    *slog.Logger
}

// run makes attempts until one succeeds, the policy ends or the context does. All attempts have the same invocation id.
// A payload that cannot be bound (build) fails the attempt like a failing handler.
func (e *executor) run(ctx context.Context, f *function, build func() (delivery, error)) (err error) {
	id, start, retry := uuid.NewString(), time.Now(), 0
	defer func() {
		e.log.InfoContext(ctx, "invocation", slog.String("function", f.name), slog.String("invocation_id", id),
			slog.Int("retries", retry), slog.Bool("ok", err == nil), slog.Any("error", err), slog.Duration("duration", time.Since(start)))
	}()
	for {
		err = e.attempt(ctx, f, id, retry, err, build)
		if err == nil || ctx.Err() != nil || !f.retry.again(retry+1) {
			return err
		}
		retry++
		e.log.WarnContext(ctx, "retrying", slog.String("function", f.name), slog.String("invocation_id", id),
			slog.Int("retry", retry), slog.Any("error", err))
		if !pause(ctx, f.retry.delay(retry)) {
			return err
		}
	}
}

func (e *executor) attempt(ctx context.Context, f *function, id string, retry int, last error, build func() (delivery, error)) error {
	d, err := build()
	if err != nil {
		return err
	}
	return e.invoke(ctx, f, id, body(f, d, retry, last, time.Now()))
}

// body writes an invocation's body.
func body(f *function, d delivery, retry int, last error, now time.Time) []byte {
	var buf bytes.Buffer
	write(&buf, object{
		{"Data", object{{f.trigger.Name, d.payload}}},
		{"Metadata", metadata(f, d.metadata, retry, last, now)},
	})
	return buf.Bytes()
}

// metadata completes a delivery's metadata: names that end in "trigger" are dropped, even the payload's, and the host's
// own sys gives way to a property of that name.
func metadata(f *function, given object, retry int, last error, now time.Time) object {
	var out object
	for _, m := range values(given) {
		if !strings.HasSuffix(strings.ToLower(m.name), "trigger") {
			out = append(out, m)
		}
	}
	sys := "sys"
	if out.has(sys) {
		sys = "$sys"
	}
	out = append(out, member{sys, object{
		{"MethodName", f.name}, {"UtcNow", now.UTC().Format(ticksUTC)}, {"RandGuid", uuid.NewString()},
	}})
	if f.retry != nil {
		out = append(out, member{"RetryContext", object{
			{"RetryCount", retry}, {"MaxRetryCount", *f.retry.MaxRetryCount}, {"Exception", exception(f, last)}, {"Instance", nil}, {"State", object{}},
		}})
	}
	return out
}

// exception stands in for the .NET exception of the attempt before.
func exception(f *function, last error) any {
	if last == nil {
		return nil
	}
	return object{
		{"MethodName", "Host.Functions." + f.name},
		{"ClassName", "Microsoft.Azure.WebJobs.Host.FunctionInvocationException"},
		{"Message", "Exception while executing function: Functions." + f.name},
		{"InnerException", object{{"Message", last.Error()}}},
	}
}
