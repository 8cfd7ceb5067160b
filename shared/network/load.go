package network

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// Load reads a table. Rows are
//
//	start,end,asn,country,name     both addresses belong to the range
//	prefix,asn,country,name
//
// separated by commas or tabs, for IPv4 and IPv6 in any order, compressed with gzip or not. asn may be written AS64496
// and may be empty or 0 where it is unknown, as may the country, an ISO 3166-1 code of two letters. Lines that begin
// with # are comments; one at the top that reads "# built 2026-06-17" dates the table. A first row that names its
// columns is skipped. Ranges must not overlap. Every error names the line.
func Load(r io.Reader) (*Table, error) {
	plain, err := plainText(r)
	if err != nil {
		return nil, fmt.Errorf("loading network table: %w", err)
	}
	l := newLoader()
	lines, err := l.comments(plain)
	if err != nil {
		return nil, fmt.Errorf("loading network table: %w", err)
	}
	if err := l.rows(plain, lines); err != nil {
		return nil, fmt.Errorf("loading network table: %w", err)
	}
	return l.finish()
}

// plainText undoes gzip, known by its first two bytes.
func plainText(r io.Reader) (*bufio.Reader, error) {
	b := bufio.NewReaderSize(r, 1<<16)
	magic, err := b.Peek(2)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return b, nil
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("reading gzip: %w", err)
	}
	return bufio.NewReaderSize(z, 1<<16), nil
}

// comments reads the lines before the first row and returns how many they were.
func (l *loader) comments(r *bufio.Reader) (lines int, err error) {
	for {
		first, err := r.Peek(1)
		if errors.Is(err, io.EOF) || err == nil && first[0] != '#' && first[0] != '\n' && first[0] != '\r' {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
		line, err := r.ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return lines, err
		}
		lines++
		if err := l.built(line); err != nil {
			return lines, fmt.Errorf("line %d: %w", lines, err)
		}
	}
}

// built takes the date from a "# built" comment; other comments say nothing to a machine.
func (l *loader) built(comment string) error {
	date, ok := strings.CutPrefix(strings.TrimSpace(comment), "# built ")
	if !ok {
		return nil
	}
	t, err := time.Parse(time.DateOnly, strings.TrimSpace(date))
	if err != nil {
		return fmt.Errorf("reading build date: %q is not of the form 2006-01-02", date)
	}
	l.table.Built = t
	return nil
}

// rows reads everything below the comments; before is how many lines those were.
func (l *loader) rows(r *bufio.Reader, before int) error {
	c := csv.NewReader(r)
	c.Comment, c.ReuseRecord, c.FieldsPerRecord, c.LazyQuotes = '#', true, -1, true
	if head, _ := r.Peek(256); bytes.ContainsRune(firstLine(head), '\t') {
		c.Comma = '\t'
	}
	for first := true; ; first = false {
		row, err := c.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return inLine(err, before)
		}
		if first && isHeader(row[0]) {
			continue
		}
		line, _ := c.FieldPos(0)
		if err := l.row(row, before+line); err != nil {
			return fmt.Errorf("line %d: %w", before+line, err)
		}
	}
}

func firstLine(b []byte) []byte {
	line, _, _ := bytes.Cut(b, []byte{'\n'})
	return line
}

func isHeader(field string) bool { return field == "start" || field == "prefix" }

// inLine words an error of the CSV reader, which counts lines from the first row.
func inLine(err error, before int) error {
	if p, ok := errors.AsType[*csv.ParseError](err); ok {
		return fmt.Errorf("line %d: %w", before+p.Line, p.Err)
	}
	return err
}

// row adds one row in either form.
func (l *loader) row(fields []string, line int) error {
	from, to, rest, err := span(fields)
	if err != nil {
		return err
	}
	if len(rest) != 3 {
		return fmt.Errorf("reading row: expected start,end,asn,country,name or prefix,asn,country,name, not %d fields", len(fields))
	}
	holder, err := l.holder(rest[0], rest[1], rest[2])
	if err != nil {
		return err
	}
	return l.add(from, to, holder, line)
}

// span reads the range at the beginning of a row and returns the fields after it.
func span(fields []string) (from, to netip.Addr, rest []string, err error) {
	if strings.Contains(fields[0], "/") {
		p, err := netip.ParsePrefix(fields[0])
		if err != nil {
			return from, to, nil, fmt.Errorf("reading prefix: %q is none", fields[0])
		}
		p = p.Masked()
		return p.Addr(), last(p), fields[1:], nil
	}
	if len(fields) < 2 {
		return from, to, nil, fmt.Errorf("reading row: %q stands alone", fields[0])
	}
	from, err = netip.ParseAddr(fields[0])
	if err == nil {
		to, err = netip.ParseAddr(fields[1])
	}
	if err != nil {
		return from, to, nil, fmt.Errorf("reading range: %q to %q are no two addresses", fields[0], fields[1])
	}
	if from.BitLen() != to.BitLen() || from.Compare(to) > 0 {
		return from, to, nil, fmt.Errorf("reading range: %s does not come before %s", from, to)
	}
	return from, to, fields[2:], nil
}

// last is the highest address of a prefix.
func last(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
