-- cursor: the first page
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND "QZJ"."AJ"."GXSJ" >= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) ORDER BY "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%") anon_1 WHERE ROWNUM <= 501;

-- cursor: the next page
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND "QZJ"."AJ"."GXSJ" >= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" >= CAST(? AS TIMESTAMP) AND ("QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) OR "QZJ"."AJ"."GXSJ" = CAST(? AS TIMESTAMP) AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?)) ORDER BY "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%") anon_1 WHERE ROWNUM <= 501;

-- cursor: undated rows
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND ("QZJ"."AJ"."GXSJ" IS NULL OR "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) OR "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP)) AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%") anon_1 WHERE ROWNUM <= 501;

-- cursor: how many
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" >= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) OR "QZJ"."AJ"."GXSJ" IS NULL OR "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) OR "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP);

-- cursor: how many of a slice
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" >= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP);

-- check: row ids that are shared
SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL GROUP BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" HAVING count(*) > ?) shared;

-- check: rows without a row id
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NULL OR "QZJ"."AJ"."A]J""B`H%" IS NULL) anon_1 WHERE ROWNUM <= 100;

-- check: stamps in the future
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP) AND "QZJ"."AJ"."GXSJ" > CAST(? AS TIMESTAMP);

-- check: stamps that are none
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" IS NOT NULL AND "QZJ"."AJ"."GXSJ" <= CAST(? AS TIMESTAMP);

-- cursor by text: the next page
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND "QZJ"."AJ"."MC" <= ? AND "QZJ"."AJ"."MC" LIKE ? AND "QZJ"."AJ"."MC" > ? AND "QZJ"."AJ"."MC" >= ? AND ("QZJ"."AJ"."MC" > ? OR "QZJ"."AJ"."MC" = ? AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?)) ORDER BY "QZJ"."AJ"."MC", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%") anon_1 WHERE ROWNUM <= 501;

-- cursor over a query: the next page
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT q."A]J""B`H%" AS "A]J""B`H%", q."GXSJ" AS "GXSJ", q."ID" AS "ID", q."MC" AS "MC" FROM (SELECT ID, MC FROM AJ WHERE SM = 'a:b') q WHERE q."ID" IS NOT NULL AND q."ID" > ? ORDER BY q."ID") anon_1 WHERE ROWNUM <= 501;

-- snapshot: the next page
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%") anon_1 WHERE ROWNUM <= 501;

-- snapshot: all row ids
SELECT "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL;

-- snapshot: is it there
SELECT "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ?;

-- flag: the next page
SELECT anon_1."A]J""B`H%", anon_1."GXSJ", anon_1."ID", anon_1."MC" FROM (SELECT "QZJ"."AJ"."A]J""B`H%" AS "A]J""B`H%", "QZJ"."AJ"."GXSJ" AS "GXSJ", "QZJ"."AJ"."ID" AS "ID", "QZJ"."AJ"."MC" AS "MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%" IS NOT NULL AND ("QZJ"."AJ"."TBBZ" IN (?, ?) OR "QZJ"."AJ"."TBBZ" IS NULL) AND ("QZJ"."AJ"."ID" > ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" > ?) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%") anon_1 WHERE ROWNUM <= 501;

-- flag: claim
UPDATE "QZJ"."AJ" SET "TBBZ"=? WHERE ("QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ?) AND ("QZJ"."AJ"."TBBZ" IN (?) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: lock and compare
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? AND ("QZJ"."AJ"."TBBZ" IN (?, ?) OR "QZJ"."AJ"."TBBZ" IS NULL) FOR UPDATE;

-- flag: answer
UPDATE "QZJ"."AJ" SET "TBBZ"=?, "TBSJ"=?, "SBYY"=NULL WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? AND ("QZJ"."AJ"."TBBZ" IN (?, ?) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: could they be written
UPDATE "QZJ"."AJ" SET "TBBZ"="QZJ"."AJ"."TBBZ", "TBSJ"="QZJ"."AJ"."TBSJ", "SBYY"="QZJ"."AJ"."SBYY" WHERE "QZJ"."AJ"."ID" IS NULL AND "QZJ"."AJ"."ID" IS NOT NULL;

-- changes: the next entries
SELECT anon_1."XH", anon_1."ID", anon_1."A]J""B`H%" FROM (SELECT "QZJ"."AJ_LOG"."XH" AS "XH", "QZJ"."AJ_LOG"."ID" AS "ID", "QZJ"."AJ_LOG"."A]J""B`H%" AS "A]J""B`H%" FROM "QZJ"."AJ_LOG" WHERE "QZJ"."AJ_LOG"."XH" > ? ORDER BY "QZJ"."AJ_LOG"."XH") anon_1 WHERE ROWNUM <= 500;

-- changes: the last entry
SELECT anon_1."XH" FROM (SELECT "QZJ"."AJ_LOG"."XH" AS "XH" FROM "QZJ"."AJ_LOG" ORDER BY "QZJ"."AJ_LOG"."XH" DESC) anon_1 WHERE ROWNUM <= 1;

-- changes: the rows
SELECT "QZJ"."AJ"."A]J""B`H%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ? OR "QZJ"."AJ"."ID" = ? AND "QZJ"."AJ"."A]J""B`H%" = ?;

