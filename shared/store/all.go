package store

import "context"

// page is how many rows All reads at a time.
const page = 500

// All returns every row of a partition, in key order: for partitions of which no one part would do.
func All(ctx context.Context, t Table, partition string) ([]Row, error) {
	var out []Row
	for from := ""; ; {
		rows, more, err := t.List(ctx, partition, from, page)
		if err != nil {
			return nil, err
		}
		if out = append(out, rows...); more == "" {
			return out, nil
		}
		from = more
	}
}
