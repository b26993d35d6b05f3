-- cursor: the first page
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND "QZJ"."AJ"."GXSJ" >= ? AND "QZJ"."AJ"."GXSJ" <= ? AND "QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ? ORDER BY "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" LIMIT ? OFFSET ?;

-- cursor: the next page
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND "QZJ"."AJ"."GXSJ" >= ? AND "QZJ"."AJ"."GXSJ" <= ? AND "QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ? AND "QZJ"."AJ"."GXSJ" >= ? AND ("QZJ"."AJ"."GXSJ" > ? OR "QZJ"."AJ"."GXSJ" = ? AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?)) ORDER BY "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" LIMIT ? OFFSET ?;

-- cursor: undated rows
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND ("QZJ"."AJ"."GXSJ" IS NULL OR "QZJ"."AJ"."GXSJ" > ? OR NOT ("QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ?)) AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" LIMIT ? OFFSET ?;

-- cursor: how many
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" >= ? AND "QZJ"."AJ"."GXSJ" <= ? AND "QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ? OR "QZJ"."AJ"."GXSJ" IS NULL OR "QZJ"."AJ"."GXSJ" > ? OR NOT ("QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ?);

-- cursor: how many of a slice
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" >= ? AND "QZJ"."AJ"."GXSJ" <= ? AND "QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ?;

-- check: row ids that are shared
SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL GROUP BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" HAVING count(*) > ?) AS shared;

-- check: rows without a row id
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NULL OR "QZJ"."AJ"."A]J""B`H%" IS NULL LIMIT ? OFFSET ?;

-- check: stamps in the future
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ? AND "QZJ"."AJ"."GXSJ" > ?;

-- check: stamps that are none
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" IS NOT NULL AND NOT ("QZJ"."AJ"."GXSJ" LIKE ? AND "QZJ"."AJ"."GXSJ" > ?);

-- cursor by text: the next page
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND "QZJ"."AJ"."MC" <= ? AND "QZJ"."AJ"."MC" LIKE ? AND "QZJ"."AJ"."MC" > ? AND "QZJ"."AJ"."MC" >= ? AND ("QZJ"."AJ"."MC" > ? OR "QZJ"."AJ"."MC" = ? AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?)) ORDER BY "QZJ"."AJ"."MC", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" LIMIT ? OFFSET ?;

-- cursor over a query: the next page
SELECT q."A]J""B`H%", q."GXSJ", q."ID", q."MC" FROM (SELECT ID, MC FROM AJ WHERE SM = 'a:b') AS q WHERE q."ID" IS NOT NULL AND q."ID" > ? ORDER BY q."ID" LIMIT ? OFFSET ?;

-- snapshot: the next page
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" LIMIT ? OFFSET ?;

-- snapshot: all row ids
SELECT "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL;

-- snapshot: is it there
SELECT "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ?;

-- flag: the next page
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND ("QZJ"."AJ"."TBBZ" IN (?, ?) OR "QZJ"."AJ"."TBBZ" IS NULL) AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" LIMIT ? OFFSET ?;

-- flag: claim
UPDATE "QZJ"."AJ" SET "TBBZ"=? WHERE ("QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ?) AND ("QZJ"."AJ"."TBBZ" IN (?) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: lock and compare
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? AND ("QZJ"."AJ"."TBBZ" IN (?, ?) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: answer
UPDATE "QZJ"."AJ" SET "TBBZ"=?, "TBSJ"=?, "SBYY"=NULL WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? AND ("QZJ"."AJ"."TBBZ" IN (?, ?) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: could they be written
UPDATE "QZJ"."AJ" SET "TBBZ"="QZJ"."AJ"."TBBZ", "TBSJ"="QZJ"."AJ"."TBSJ", "SBYY"="QZJ"."AJ"."SBYY" WHERE "QZJ"."AJ"."ID" IS NULL AND "QZJ"."AJ"."ID" IS NOT NULL;

-- changes: the next entries
SELECT "QZJ"."AJ_LOG"."XH", "QZJ"."AJ_LOG"."ID", "QZJ"."AJ_LOG"."A]J""B`H%" FROM "QZJ"."AJ_LOG" WHERE "QZJ"."AJ_LOG"."XH" > ? ORDER BY "QZJ"."AJ_LOG"."XH" LIMIT ? OFFSET ?;

-- changes: the last entry
SELECT "QZJ"."AJ_LOG"."XH" FROM "QZJ"."AJ_LOG" ORDER BY "QZJ"."AJ_LOG"."XH" DESC LIMIT ? OFFSET ?;

-- changes: the rows
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ?;

