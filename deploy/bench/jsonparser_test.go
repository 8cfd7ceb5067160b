package bench

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/buger/jsonparser"

	"rekey/shared/event"
)

// scratch takes unescaped strings of jsonparser; it is used again for each message.
type scratch struct{ b []byte }

func (u *scratch) text(value []byte, t jsonparser.ValueType) string {
	if t != jsonparser.String {
		return ""
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return text(value)
	}
	if cap(u.b)-len(u.b) < len(value) {
		u.b = make([]byte, 0, 64<<10)
	}
	out, err := jsonparser.Unescape(value, u.b[len(u.b):cap(u.b)])
	if err != nil {
		return ""
	}
	u.b = u.b[:len(u.b)+len(out)]
	return text(out)
}

func newJsonparser() decoder {
	var e event.Event
	var s signIn
	var u scratch
	var failed error
	inDetail := func(name, v []byte, t jsonparser.ValueType, _ int) error {
		d := &s.Properties.Details[len(s.Properties.Details)-1]
		switch string(name) {
		case "key":
			d.Key = u.text(v, t)
		case "value":
			d.Value = u.text(v, t)
		}
		return nil
	}
	detailsOf := func(v []byte, _ jsonparser.ValueType, _ int, _ error) {
		s.Properties.Details = append(s.Properties.Details, detail{})
		failed = errors.Join(failed, jsonparser.ObjectEach(v, inDetail))
	}
	inLocation := func(name, v []byte, t jsonparser.ValueType, _ int) error {
		if string(name) == "countryOrRegion" {
			s.Properties.Location.Country = u.text(v, t)
		}
		return nil
	}
	inStatus := func(name, v []byte, _ jsonparser.ValueType, _ int) (err error) {
		if string(name) == "errorCode" {
			s.Properties.Status.Code, err = strconv.Atoi(text(v))
		}
		return err
	}
	inProperties := func(name, v []byte, t jsonparser.ValueType, _ int) error {
		if to := s.Properties.member(name); to != nil {
			*to = u.text(v, t)
			return nil
		}
		switch string(name) {
		case "autonomousSystemNumber":
			n, err := strconv.ParseUint(text(v), 10, 32)
			s.Properties.ASN = uint32(n)
			return err
		case "location":
			return jsonparser.ObjectEach(v, inLocation)
		case "status":
			return jsonparser.ObjectEach(v, inStatus)
		case "authenticationProcessingDetails":
			_, err := jsonparser.ArrayEach(v, detailsOf)
			return err
		}
		return nil
	}
	atTop := func(name, v []byte, t jsonparser.ValueType, _ int) error {
		if to := s.member(name); to != nil {
			*to = u.text(v, t)
			return nil
		}
		if string(name) == "properties" {
			return jsonparser.ObjectEach(v, inProperties)
		}
		return nil
	}
	return func(message []byte, each func(*event.Event)) error {
		u.b, failed = u.b[:0], nil
		_, err := jsonparser.ArrayEach(message, func(record []byte, _ jsonparser.ValueType, _ int, _ error) {
			s = signIn{Properties: properties{Details: s.Properties.Details[:0]}}
			failed = errors.Join(failed, jsonparser.ObjectEach(record, atTop))
			failed = errors.Join(failed, s.event(&e))
			each(&e)
		}, "records")
		return errors.Join(err, failed)
	}
}
