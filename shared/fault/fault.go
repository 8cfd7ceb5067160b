// Package fault names the kinds of error that Rekey tells apart.
//
// A kind says what has to happen next, not what went wrong: the text says that. Code branches on kinds with
// errors.Is(err, fault.Poison) and never on text. Which kind leads to which effect is one table, in package funchost;
// docs/errors.md says who uses which kind and what is lost where.
package fault

import (
	"errors"
	"fmt"
)

// The kinds. An error without a kind is treated as Transient: trying again is the safe answer to the unknown.
var (
	// Poison is input that will never work: it is parked as a dead letter and the rest goes on.
	Poison = errors.New("poison")
	// Transient is a dependency that is down or slow: the whole unit of work is tried again later.
	Transient = errors.New("transient")
	// Denied is a permission or licence that is missing: people have to act, trying again does not help.
	Denied = errors.New("denied")
	// Limit is a brake that was reached (a cap, a size): the act does not happen and people are told.
	Limit = errors.New("limit")
	// NotFound is an object that is not there.
	NotFound = errors.New("not found")
	// Conflict is a write that lost against another one: reload, merge, try again.
	Conflict = errors.New("conflict")
)

type kinded struct {
	kind error
	err  error
}

func (k *kinded) Error() string   { return k.err.Error() }
func (k *kinded) Unwrap() []error { return []error{k.kind, k.err} }

// As gives err a kind. The text of err stays as it is; errors.Is finds the kind and everything err wraps.
// As(kind, nil) is nil.
func As(kind, err error) error {
	if err == nil {
		return nil
	}
	return &kinded{kind: kind, err: err}
}

// Made reports whether err itself, not only something it wraps, was made by As or Errorf.
func Made(err error) bool {
	_, ok := err.(*kinded) //nolint:errorlint // the outermost error is asked for
	return ok
}

// Errorf is fmt.Errorf with a kind.
func Errorf(kind error, format string, args ...any) error {
	return As(kind, fmt.Errorf(format, args...))
}

// ErrUnreadable marks, beside Denied, what is stored in a form that this program does not know: a newer one wrote it, or it is
// broken. It tells that from a right that is missing.
var ErrUnreadable = errors.New("unreadable")

// Unreadable is Errorf of kind Denied, marked with ErrUnreadable.
func Unreadable(format string, args ...any) error {
	return As(ErrUnreadable, Errorf(Denied, format, args...))
}

// Kind returns the first kind that err carries, in the order of precedence of a unit of work that met several:
// what must be tried again hides what would have been given up. It returns Transient for an error without a kind
// and nil for nil.
func Kind(err error) error {
	if err == nil {
		return nil
	}
	for _, k := range []error{Transient, Conflict, Limit, Denied, NotFound, Poison} {
		if errors.Is(err, k) {
			return k
		}
	}
	return Transient
}
