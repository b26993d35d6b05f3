-- cursor: the first page
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL AND "QZJ"."AJ"."GXSJ" >= %(param_1)s AND "QZJ"."AJ"."GXSJ" <= %(param_2)s AND "QZJ"."AJ"."GXSJ" > %(param_3)s ORDER BY "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" LIMIT %(param_4)s;

-- cursor: the next page
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL AND "QZJ"."AJ"."GXSJ" >= %(param_1)s AND "QZJ"."AJ"."GXSJ" <= %(param_2)s AND "QZJ"."AJ"."GXSJ" > %(param_3)s AND "QZJ"."AJ"."GXSJ" >= %(param_4)s AND ("QZJ"."AJ"."GXSJ" > %(param_4)s OR "QZJ"."AJ"."GXSJ" = %(param_4)s AND ("QZJ"."AJ"."ID" > %(param_5)s OR "QZJ"."AJ"."ID" = %(param_5)s AND "QZJ"."AJ"."A]J""B`H%%" > %(param_6)s)) ORDER BY "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" LIMIT %(param_7)s;

-- cursor: undated rows
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL AND ("QZJ"."AJ"."GXSJ" IS NULL OR "QZJ"."AJ"."GXSJ" > %(param_1)s OR "QZJ"."AJ"."GXSJ" <= %(param_2)s) AND ("QZJ"."AJ"."ID" > %(param_3)s OR "QZJ"."AJ"."ID" = %(param_3)s AND "QZJ"."AJ"."A]J""B`H%%" > %(param_4)s) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" LIMIT %(param_5)s;

-- cursor: how many
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" >= %(param_1)s AND "QZJ"."AJ"."GXSJ" <= %(param_2)s AND "QZJ"."AJ"."GXSJ" > %(param_3)s OR "QZJ"."AJ"."GXSJ" IS NULL OR "QZJ"."AJ"."GXSJ" > %(param_4)s OR "QZJ"."AJ"."GXSJ" <= %(param_5)s;

-- cursor: how many of a slice
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" >= %(param_1)s AND "QZJ"."AJ"."GXSJ" <= %(param_2)s AND "QZJ"."AJ"."GXSJ" > %(param_3)s;

-- check: row ids that are shared
SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL GROUP BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" HAVING count(*) > %(count_2)s) AS shared;

-- check: rows without a row id
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NULL OR "QZJ"."AJ"."A]J""B`H%%" IS NULL LIMIT %(param_1)s;

-- check: stamps in the future
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" > %(param_1)s AND "QZJ"."AJ"."GXSJ" > %(param_2)s;

-- check: stamps that are none
SELECT count(*) AS count_1 FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."GXSJ" IS NOT NULL AND "QZJ"."AJ"."GXSJ" <= %(param_1)s;

-- cursor by text: the next page
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL AND "QZJ"."AJ"."MC" <= %(param_1)s AND "QZJ"."AJ"."MC" LIKE %(param_2)s AND "QZJ"."AJ"."MC" > %(param_3)s AND "QZJ"."AJ"."MC" >= %(param_4)s AND ("QZJ"."AJ"."MC" > %(param_4)s OR "QZJ"."AJ"."MC" = %(param_4)s AND ("QZJ"."AJ"."ID" > %(param_5)s OR "QZJ"."AJ"."ID" = %(param_5)s AND "QZJ"."AJ"."A]J""B`H%%" > %(param_6)s)) ORDER BY "QZJ"."AJ"."MC", "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" LIMIT %(param_7)s;

-- cursor over a query: the next page
SELECT q."A]J""B`H%%", q."GXSJ", q."ID", q."MC" FROM (SELECT ID, MC FROM AJ WHERE SM = 'a:b') AS q WHERE q."ID" IS NOT NULL AND q."ID" > %(param_1)s ORDER BY q."ID" LIMIT %(param_2)s;

-- snapshot: the next page
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL AND ("QZJ"."AJ"."ID" > %(param_1)s OR "QZJ"."AJ"."ID" = %(param_1)s AND "QZJ"."AJ"."A]J""B`H%%" > %(param_2)s) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" LIMIT %(param_3)s;

-- snapshot: all row ids
SELECT "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL;

-- snapshot: is it there
SELECT "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = %(param_1)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_2)s OR "QZJ"."AJ"."ID" = %(param_3)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_4)s;

-- flag: the next page
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" IS NOT NULL AND "QZJ"."AJ"."A]J""B`H%%" IS NOT NULL AND ("QZJ"."AJ"."TBBZ" IN (%(param_1)s, %(param_2)s) OR "QZJ"."AJ"."TBBZ" IS NULL) AND ("QZJ"."AJ"."ID" > %(param_3)s OR "QZJ"."AJ"."ID" = %(param_3)s AND "QZJ"."AJ"."A]J""B`H%%" > %(param_4)s) ORDER BY "QZJ"."AJ"."ID", "QZJ"."AJ"."A]J""B`H%%" LIMIT %(param_5)s;

-- flag: claim
UPDATE "QZJ"."AJ" SET "TBBZ"=%(TBBZ)s WHERE ("QZJ"."AJ"."ID" = %(param_1)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_2)s OR "QZJ"."AJ"."ID" = %(param_3)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_4)s) AND ("QZJ"."AJ"."TBBZ" IN (%(param_5)s) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: lock and compare
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = %(param_1)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_2)s AND ("QZJ"."AJ"."TBBZ" IN (%(param_3)s, %(param_4)s) OR "QZJ"."AJ"."TBBZ" IS NULL) FOR UPDATE;

-- flag: answer
UPDATE "QZJ"."AJ" SET "TBBZ"=%(TBBZ)s, "TBSJ"=%(TBSJ)s, "SBYY"=NULL WHERE "QZJ"."AJ"."ID" = %(param_1)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_2)s AND ("QZJ"."AJ"."TBBZ" IN (%(param_3)s, %(param_4)s) OR "QZJ"."AJ"."TBBZ" IS NULL);

-- flag: could they be written
UPDATE "QZJ"."AJ" SET "TBBZ"="QZJ"."AJ"."TBBZ", "TBSJ"="QZJ"."AJ"."TBSJ", "SBYY"="QZJ"."AJ"."SBYY" WHERE "QZJ"."AJ"."ID" IS NULL AND "QZJ"."AJ"."ID" IS NOT NULL;

-- changes: the next entries
SELECT "QZJ"."AJ_LOG"."XH", "QZJ"."AJ_LOG"."ID", "QZJ"."AJ_LOG"."A]J""B`H%%" FROM "QZJ"."AJ_LOG" WHERE "QZJ"."AJ_LOG"."XH" > %(param_1)s ORDER BY "QZJ"."AJ_LOG"."XH" LIMIT %(param_2)s;

-- changes: the last entry
SELECT "QZJ"."AJ_LOG"."XH" FROM "QZJ"."AJ_LOG" ORDER BY "QZJ"."AJ_LOG"."XH" DESC LIMIT %(param_1)s;

-- changes: the rows
SELECT "QZJ"."AJ"."A]J""B`H%%", "QZJ"."AJ"."GXSJ", "QZJ"."AJ"."ID", "QZJ"."AJ"."MC" FROM "QZJ"."AJ" WHERE "QZJ"."AJ"."ID" = %(param_1)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_2)s OR "QZJ"."AJ"."ID" = %(param_3)s AND "QZJ"."AJ"."A]J""B`H%%" = %(param_4)s;

