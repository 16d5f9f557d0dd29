/** How to read a row of the table of rows without a sure place. */
export const SET_ASIDE_COLUMNS =
  'c0, c1 … are the columns of the table named in "table", in the order of that table, as many as "fields" says, and NULL where nothing could be read; "row" is its rowid, which a key of whole numbers is kept in';
