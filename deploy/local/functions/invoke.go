package functions

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// hostVersion is the version of the real host that this one was compared with.
const hostVersion = "4.1045.200.25556"

// caller posts invocations to the handler and judges its answers.
type caller struct {
	process *process
	client  *http.Client
	timeout time.Duration // negative: none
}

// errTimeout is a function that did not answer in time.
var errTimeout = errors.New("function timeout: the handler is killed and started again")

// invoke posts one invocation. A function that does not answer in time costs the handler its life.
func (c *caller) invoke(ctx context.Context, f *function, id string, body []byte) error {
	generation, err := c.process.ready(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := c.limit(ctx)
	defer cancel()
	err = c.post(ctx, f, id, body)
	if errors.Is(context.Cause(ctx), errTimeout) {
		c.process.restart(generation)
		return errTimeout
	}
	return err
}

// limit ends a context by the function timeout.
func (c *caller) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.timeout < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.timeout, errTimeout)
}

func (c *caller) post(ctx context.Context, f *function, id string, body []byte) error {
	url := fmt.Sprintf("http://%s/%s", c.process.address(), f.name)
	// A reader of no known length makes the request chunked, as the real host's is.
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, io.NopCloser(bytes.NewReader(body)))
	if err != nil {
		return fmt.Errorf("invoking: %w", err)
	}
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	req.Header.Set("User-Agent", "Azure-Functions-Host/"+hostVersion)
	req.Header.Set("X-Azure-Functions-InvocationId", id)
	req.Header.Set("X-Azure-Functions-HostVersion", hostVersion)
	resp, err := c.client.Do(req)
	if err != nil {
		return fmt.Errorf("invoking: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("reading the answer: %w", err)
	}
	return c.judge(ctx, f, resp, answer)
}

// judge applies the rules for answers. The text of a bad answer is not repeated: it may hold anything.
func (c *caller) judge(ctx context.Context, f *function, resp *http.Response, answer []byte) error {
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("response status code does not indicate success: %d", resp.StatusCode)
	}
	if t := bytes.TrimSpace(answer); len(t) == 0 || string(t) == "null" {
		<-ctx.Done() // the real host waits for a result that never comes
		return fmt.Errorf("an empty answer: %w", context.Cause(ctx))
	}
	if kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type")); kind != "application/json" {
		return fmt.Errorf("no MediaTypeFormatter is available for content type %q", kind)
	}
	var result struct {
		Outputs map[string]any
		Logs    []string
	}
	if err := json.Unmarshal(answer, &result); err != nil {
		return errors.New("invalid HttpResponseMessage: the answer must be a JSON object with Outputs, Logs and ReturnValue")
	}
	for _, line := range result.Logs {
		c.process.output.line(f.name, strings.TrimSuffix(line, "\n"))
	}
	return nil
}
