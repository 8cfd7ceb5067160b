// Package redact is the only way an error of an Azure SDK leaves an adapter.
//
// SDK errors print the whole request: URLs with SAS signatures, headers, bodies that may hold secrets. Here they are
// reduced to what a person needs (what was being done, the status, the service's error code) and to a kind of package
// fault. An error of a type that is not known is reduced to its type: it fails closed.
package redact

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"rekey/shared/fault"
)

// ErrForbidden marks an answer 403: whoever called lacks a right. Errors carry it besides their kind.
var ErrForbidden = errors.New("forbidden")

// ErrMissing marks that a whole table, container or queue is not there.
var ErrMissing = errors.New("missing")

// Error describes a failed call. Doing says what was attempted, in the -ing form, with nothing secret in it.
// It returns nil for nil.
func Error(doing string, err error) error {
	var response *azcore.ResponseError
	var network net.Error
	var auth *azidentity.AuthenticationFailedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, context.Canceled)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.Errorf(fault.Transient, "%s: %w", doing, context.DeadlineExceeded)
	case errors.As(err, &response):
		err := fault.Errorf(kind(response.StatusCode, response.ErrorCode), "%s: %d %s", doing, response.StatusCode, code(response.ErrorCode))
		switch {
		case response.StatusCode == http.StatusForbidden:
			return fault.As(ErrForbidden, err)
		case slices.Contains(missing, response.ErrorCode):
			return fault.As(ErrMissing, err)
		}
		return err
	case errors.As(err, &auth):
		return fault.Errorf(authKind(auth), "%s: authentication failed: %s", doing, authCode(auth))
	case errors.As(err, &network):
		return fault.Errorf(fault.Transient, "%s: the network failed (%T)", doing, network)
	}
	if fault.Made(err) {
		return err // ours already, its text included
	}
	return fault.Errorf(fault.Transient, "%s: %T", doing, err)
}

// missing are the codes of a whole table, container or queue that is not there: nothing can be said about what it
// should hold, so this is not "no such row" but a deployment that is not complete, or a wrong account.
var missing = []string{"TableNotFound", "ContainerNotFound", "QueueNotFound"}

// kind maps an HTTP status. 400 is Denied: repeating the same request cannot help, somebody has to look.
func kind(status int, code string) error {
	switch {
	case slices.Contains(missing, code):
		return fault.Transient
	case status == http.StatusNotFound, status == http.StatusGone:
		return fault.NotFound
	case status == http.StatusConflict, status == http.StatusPreconditionFailed:
		return fault.Conflict
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return fault.Transient
	}
	return fault.Denied
}

// plain is what an error code may look like; anything else is not one and is not repeated.
var plain = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,80}$`)

func code(s string) string {
	if plain.MatchString(s) {
		return s
	}
	return "(no code)"
}

var aadsts = regexp.MustCompile(`AADSTS\d{4,8}`)

func authCode(err *azidentity.AuthenticationFailedError) string {
	if m := aadsts.FindString(err.Error()); m != "" {
		return m
	}
	if err.RawResponse != nil {
		return fmt.Sprint("status ", err.RawResponse.StatusCode)
	}
	return "no answer from the authority"
}

func authKind(err *azidentity.AuthenticationFailedError) error {
	if err.RawResponse == nil || err.RawResponse.StatusCode >= 500 || err.RawResponse.StatusCode == http.StatusTooManyRequests {
		return fault.Transient
	}
	return fault.Denied
}
