-- cursor: the first page
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL AND `QZJ`.`AJ`.`GXSJ` >= %s AND `QZJ`.`AJ`.`GXSJ` <= %s AND `QZJ`.`AJ`.`GXSJ` > %s ORDER BY `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` LIMIT %s;

-- cursor: the next page
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL AND `QZJ`.`AJ`.`GXSJ` >= %s AND `QZJ`.`AJ`.`GXSJ` <= %s AND `QZJ`.`AJ`.`GXSJ` > %s AND `QZJ`.`AJ`.`GXSJ` >= %s AND (`QZJ`.`AJ`.`GXSJ` > %s OR `QZJ`.`AJ`.`GXSJ` = %s AND (`QZJ`.`AJ`.`ID` > %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` > %s)) ORDER BY `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` LIMIT %s;

-- cursor: undated rows
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL AND (`QZJ`.`AJ`.`GXSJ` IS NULL OR `QZJ`.`AJ`.`GXSJ` > %s OR `QZJ`.`AJ`.`GXSJ` <= %s) AND (`QZJ`.`AJ`.`ID` > %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` > %s) ORDER BY `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` LIMIT %s;

-- cursor: how many
SELECT count(*) AS count_1 FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`GXSJ` >= %s AND `QZJ`.`AJ`.`GXSJ` <= %s AND `QZJ`.`AJ`.`GXSJ` > %s OR `QZJ`.`AJ`.`GXSJ` IS NULL OR `QZJ`.`AJ`.`GXSJ` > %s OR `QZJ`.`AJ`.`GXSJ` <= %s;

-- cursor: how many of a slice
SELECT count(*) AS count_1 FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`GXSJ` >= %s AND `QZJ`.`AJ`.`GXSJ` <= %s AND `QZJ`.`AJ`.`GXSJ` > %s;

-- check: row ids that are shared
SELECT count(*) AS count_1 FROM (SELECT 1 AS one FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL GROUP BY `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` HAVING count(*) > %s) AS shared;

-- check: rows without a row id
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NULL OR `QZJ`.`AJ`.`A]J"B``H%%` IS NULL LIMIT %s;

-- check: stamps in the future
SELECT count(*) AS count_1 FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`GXSJ` > %s AND `QZJ`.`AJ`.`GXSJ` > %s;

-- check: stamps that are none
SELECT count(*) AS count_1 FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`GXSJ` IS NOT NULL AND `QZJ`.`AJ`.`GXSJ` <= %s;

-- cursor by text: the next page
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL AND `QZJ`.`AJ`.`MC` <= %s AND `QZJ`.`AJ`.`MC` LIKE %s AND `QZJ`.`AJ`.`MC` > %s AND `QZJ`.`AJ`.`MC` >= %s AND (`QZJ`.`AJ`.`MC` > %s OR `QZJ`.`AJ`.`MC` = %s AND (`QZJ`.`AJ`.`ID` > %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` > %s)) ORDER BY `QZJ`.`AJ`.`MC`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` LIMIT %s;

-- cursor over a query: the next page
SELECT q.`A]J"B``H%%`, q.`GXSJ`, q.`ID`, q.`MC` FROM (SELECT ID, MC FROM AJ WHERE SM = 'a:b') AS q WHERE q.`ID` IS NOT NULL AND q.`ID` > %s ORDER BY q.`ID` LIMIT %s;

-- snapshot: the next page
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL AND (`QZJ`.`AJ`.`ID` > %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` > %s) ORDER BY `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` LIMIT %s;

-- snapshot: all row ids
SELECT `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL;

-- snapshot: is it there
SELECT `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s;

-- flag: the next page
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` IS NOT NULL AND `QZJ`.`AJ`.`A]J"B``H%%` IS NOT NULL AND (`QZJ`.`AJ`.`TBBZ` IN (%s, %s) OR `QZJ`.`AJ`.`TBBZ` IS NULL) AND (`QZJ`.`AJ`.`ID` > %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` > %s) ORDER BY `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`A]J"B``H%%` LIMIT %s;

-- flag: claim
UPDATE `QZJ`.`AJ` SET `TBBZ`=%s WHERE (`QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s) AND (`QZJ`.`AJ`.`TBBZ` IN (%s) OR `QZJ`.`AJ`.`TBBZ` IS NULL);

-- flag: lock and compare
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s AND (`QZJ`.`AJ`.`TBBZ` IN (%s, %s) OR `QZJ`.`AJ`.`TBBZ` IS NULL) FOR UPDATE;

-- flag: answer
UPDATE `QZJ`.`AJ` SET `TBBZ`=%s, `TBSJ`=%s, `SBYY`=NULL WHERE `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s AND (`QZJ`.`AJ`.`TBBZ` IN (%s, %s) OR `QZJ`.`AJ`.`TBBZ` IS NULL);

-- flag: could they be written
UPDATE `QZJ`.`AJ` SET `TBBZ`=`QZJ`.`AJ`.`TBBZ`, `TBSJ`=`QZJ`.`AJ`.`TBSJ`, `SBYY`=`QZJ`.`AJ`.`SBYY` WHERE `QZJ`.`AJ`.`ID` IS NULL AND `QZJ`.`AJ`.`ID` IS NOT NULL;

-- changes: the next entries
SELECT `QZJ`.`AJ_LOG`.`XH`, `QZJ`.`AJ_LOG`.`ID`, `QZJ`.`AJ_LOG`.`A]J"B``H%%` FROM `QZJ`.`AJ_LOG` WHERE `QZJ`.`AJ_LOG`.`XH` > %s ORDER BY `QZJ`.`AJ_LOG`.`XH` LIMIT %s;

-- changes: the last entry
SELECT `QZJ`.`AJ_LOG`.`XH` FROM `QZJ`.`AJ_LOG` ORDER BY `QZJ`.`AJ_LOG`.`XH` DESC LIMIT %s;

-- changes: the rows
SELECT `QZJ`.`AJ`.`A]J"B``H%%`, `QZJ`.`AJ`.`GXSJ`, `QZJ`.`AJ`.`ID`, `QZJ`.`AJ`.`MC` FROM `QZJ`.`AJ` WHERE `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s OR `QZJ`.`AJ`.`ID` = %s AND `QZJ`.`AJ`.`A]J"B``H%%` = %s;

