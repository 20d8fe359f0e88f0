package mend

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// foreign says why this engine cannot work with a database that SQLite reads:
// another version of kine may have given its table another form. A database
// without the table is a new one.
func foreign(ctx context.Context, db *sql.DB) (_ string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT name, \"notnull\", dflt_value IS NULL, pk FROM pragma_table_info('kine')")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	missing := strings.Split(columns, ", ")
	known := slices.Clone(missing)
	none := true
	for rows.Next() {
		var name string
		var required, bare bool
		var key int
		if err := rows.Scan(&name, &required, &bare, &key); err != nil {
			return "", err
		}
		none = false
		missing = slices.DeleteFunc(missing, func(column string) bool { return column == name })
		if !slices.Contains(known, name) && required && bare {
			return fmt.Sprintf("its table is of another version of kine: column %s has to be filled in", name), nil
		}
	}
	if err := rows.Err(); err != nil {
		return "", err
	}
	if !none && len(missing) > 0 {
		return fmt.Sprintf("its table is of another version of kine: there is no column %s", strings.Join(missing, ", ")), nil
	}
	return "", nil
}
