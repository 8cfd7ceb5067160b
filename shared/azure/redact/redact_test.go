package redact_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	"rekey/shared/azure/redact"
	"rekey/shared/fault"
)

func TestWhatLeavesAnAdapter(t *testing.T) {
	response := func(status int, code string) error {
		return fmt.Errorf("https://a?sig=s3cret: %w", &azcore.ResponseError{StatusCode: status, ErrorCode: code})
	}
	tests := map[string]struct {
		err  error
		kind error
		want string
	}{
		"what is not there":              {response(404, "ResourceNotFound"), fault.NotFound, "reading x: 404 ResourceNotFound"},
		"a lost race":                    {response(412, "UpdateConditionNotSatisfied"), fault.Conflict, "412 UpdateConditionNotSatisfied"},
		"a missing permission":           {response(403, "AuthorizationFailure"), fault.Denied, "403"},
		"a request that is wrong":        {response(400, "BadRequest"), fault.Denied, "400"},
		"too many requests":              {response(429, "TooManyRequests"), fault.Transient, "429"},
		"a service that is down":         {response(503, ""), fault.Transient, "503 (no code)"},
		"a code that is none":            {response(500, "see https://a?sig=s3cret"), fault.Transient, "500 (no code)"},
		"a network that failed":          {&net.OpError{Op: "dial s3cret", Err: errors.New("s3cret")}, fault.Transient, "the network failed"},
		"the end of the caller's time":   {fmt.Errorf("s3cret: %w", context.DeadlineExceeded), context.DeadlineExceeded, "deadline"},
		"the end of the caller's wish":   {fmt.Errorf("s3cret: %w", context.Canceled), context.Canceled, "canceled"},
		"an error of a type of nobody's": {errors.New("Authorization: Bearer s3cret"), fault.Transient, "*errors.errorString"},
		"a table that was never made":    {response(404, "TableNotFound"), fault.Transient, "404 TableNotFound"},
		"our kind with another's text":   {errors.Join(fault.Denied, errors.New("sig=s3cret")), fault.Transient, "*errors.joinError"},
		"an error of our own":            {fault.Errorf(fault.Limit, "writing row: too large"), fault.Limit, "too large"},
		"a method that is not allowed":   {response(http.StatusMethodNotAllowed, "X"), fault.Denied, "405 X"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got := redact.Error("reading x", tt.err)
			if !errors.Is(got, tt.kind) || !strings.Contains(got.Error(), tt.want) || strings.Contains(got.Error(), "s3cret") {
				t.Errorf("got %v (kind %v), want %q of kind %v", got, fault.Kind(got), tt.want, tt.kind)
			}
		})
	}
	if redact.Error("reading x", nil) != nil {
		t.Error("no error became one")
	}
}
